//! x
#![allow(missing_docs)]
use wavetank_models::Config;
use wavetank_models::policy::Conformance;
pub struct Checked {
    pub statement: String,
    pub cite: String,
    pub probe: String,
    pub expect: String,
    pub found: String,
    pub holds: bool,
}
pub fn check(_c: &Config, _s: &[Conformance]) -> Vec<Checked> {
    Vec::new()
}
