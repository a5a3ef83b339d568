//! What an application may set of a client's attempts.

use serde::{Deserialize, Serialize};
use wavetank::objectives::Objectives;

use super::client::{Clamp, Reconnect};

/// What the client makes of what its application sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settings {
    /// It goes by them.
    #[default]
    Honoured,
    /// It goes by its own constants.
    BuiltIn,
}

impl Reconnect {
    /// The policy as the client lives by it: an application that demands other than the usual
    /// numbers sets them.
    pub fn set_for(&self, demanded: &Objectives) -> Self {
        let usual = Objectives::default();
        let mut policy = self.clone();
        if policy.clamp == Clamp::AsDemanded {
            policy.clamp =
                if demanded.strict_cap { Clamp::AfterJitter } else { Clamp::BeforeJitter };
        }
        if policy.settings == Settings::BuiltIn {
            return policy;
        }
        if demanded.retry_base != usual.retry_base {
            policy.base = demanded.retry_base;
        }
        if demanded.retry_cap != usual.retry_cap {
            policy.cap = demanded.retry_cap;
        }
        if demanded.attempts_max != usual.attempts_max {
            policy.attempts_max = demanded.attempts_max;
        }
        policy
    }
}
