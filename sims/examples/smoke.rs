//! Smoke.
use wavetank::explore::{case_of_seed, run};
fn main() {
    let n: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(200);
    let config = wavetank_models::Config::default();
    for s in wavetank_sims::scenarios::all() {
        let t = std::time::Instant::now();
        let mut ev = 0;
        let mut bad = 0;
        let mut marks = std::collections::BTreeMap::<&str, u64>::new();
        for seed in 0..(n / s.cost()).max(1) {
            let case = case_of_seed(s, &config, seed);
            let o = run(&case);
            ev += o.counts.events;
            for (k, v) in o.marks {
                *marks.entry(k).or_default() += v;
            }
            if !o.verdict.held() {
                bad += 1;
                if bad <= 3 {
                    println!("  {} seed {seed}: {:?}", s.name(), o.verdict);
                }
            }
        }
        println!("{} bad={bad} events={ev} {:?} {:?}", s.name(), t.elapsed(), marks);
    }
}
