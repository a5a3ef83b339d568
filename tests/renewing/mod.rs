//! Whether what is pinned is to be written anew.

/// Set by a developer who has changed on purpose what runs come to.
#[expect(clippy::disallowed_methods, reason = "it says what a test writes, not what a run does")]
pub(crate) fn is_renewing() -> bool {
    std::env::var_os("WAVETANK_RENEW").is_some()
}
