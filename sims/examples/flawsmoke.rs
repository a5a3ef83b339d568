//! Smoke.
use wavetank::explore::{case_of_seed, run};
fn main() {
    let n: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(200);
    let only = std::env::args().nth(2);
    for e in wavetank_models::catalogue::entries() {
        if only.as_ref().is_some_and(|o| *o != e.id) {
            continue;
        }
        let config = match wavetank_models::Config::default().patched(&e.as_patch()) {
            Ok(c) => c,
            Err(x) => {
                println!("{} PATCH ERR {x}", e.id);
                continue;
            }
        };
        let mut hits = String::new();
        let mut total = 0;
        let mut others = std::collections::BTreeMap::<String, u64>::new();
        for s in wavetank_sims::scenarios::all() {
            let k = (n / s.cost()).max(1);
            let mut h = 0;
            for seed in 0..k {
                let o = run(&case_of_seed(s, &config, seed));
                if o.verdict.violation_of(&e.invariant).is_some() {
                    h += 1;
                }
                for v in o.verdict.violations() {
                    if v.invariant != e.invariant {
                        *others.entry(v.invariant.clone()).or_default() += 1;
                    }
                }
                if let wavetank::explore::Verdict::Panicked(m) = &o.verdict {
                    println!("PANIC {m}")
                }
            }
            if h > 0 {
                hits += &format!(" {}:{}/{}", s.name(), h, k);
            }
            total += h;
        }
        println!(
            "{} {} [{}] total={}{} others={:?}",
            if total == 0 { "MISSED" } else { "ok" },
            e.id,
            e.invariant,
            total,
            hits,
            others
        );
    }
}
