//! How people are let in: the client's half and the server's.

use serde::{Deserialize, Serialize};
use wavetank::time::Span;

/// When a client fetches the credential that it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refresh {
    /// Before each dial.
    BeforeDial,
    /// When its page opens.
    AtMount,
}

/// Where a client shows its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenIn {
    /// In the first message on a connection.
    FirstFrame,
    /// In the address that it dials.
    Url,
}

/// How a client shows who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientAuth {
    /// When it fetches the credential that it shows.
    pub refresh: Refresh,
    /// Where it shows it.
    pub token_in: TokenIn,
}

impl Default for ClientAuth {
    fn default() -> Self {
        Self { refresh: Refresh::BeforeDial, token_in: TokenIn::FirstFrame }
    }
}

/// Where whoever may not connect is told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefuseAt {
    /// In a close frame, with its own code.
    AfterAccept,
    /// In the answer to the handshake, of which a page sees nothing.
    Handshake,
}

/// What a server does with the credential of a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnConnect {
    /// It has it checked, and lets nobody in without.
    Verify,
    /// Nothing.
    None,
}

/// Whose pages may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origins {
    /// Those of the application's own site.
    AllowList,
    /// All.
    Any,
}

/// What a subscription takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subscribing {
    /// The right to see the document.
    Rights,
    /// A credential that is good.
    TokenOnly,
}

/// How a server lets people in, where they have to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerAuth {
    /// Where whoever may not connect is told so.
    pub refuse_at: RefuseAt,
    /// What it does with the credential of a new connection.
    pub on_connect: OnConnect,
    /// How long a new connection may take to show one.
    pub deadline: Span,
    /// Whose pages may connect.
    pub origins: Origins,
    /// What a subscription takes.
    pub subscribe: Subscribing,
    /// Whether it looks with each message whether the credential has expired.
    pub per_message: bool,
    /// The time between two looks at whether it is still good; 0 never looks. The objectives'
    /// time holds as well.
    pub revalidate: Span,
}

impl Default for ServerAuth {
    fn default() -> Self {
        Self {
            refuse_at: RefuseAt::AfterAccept,
            on_connect: OnConnect::Verify,
            deadline: Span::secs(10),
            origins: Origins::AllowList,
            subscribe: Subscribing::Rights,
            per_message: true,
            revalidate: Span::secs(60),
        }
    }
}
