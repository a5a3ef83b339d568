//! What only some may see, as text: tokens, the addresses of people, and what they write.
//!
//! A run's texts are stood for by numbers. Where one is written out, it is a canary of its owner.

use wavetank::history::{Canaries, Canary, Secret};
use wavetank::id::NodeId;
use wavetank::protocol::Credential;
use wavetank::time::Wall;

use crate::message::{Account, Message};
use crate::store::{Commit, Edit};

const fn canary(secret: Secret, owner: NodeId) -> Canary {
    Canary { secret, owner }
}

/// The token that stands for a credential.
fn token(credential: &Credential) -> String {
    let Credential { id, user, expires } = *credential;
    format!("{}.{id}.{}", canary(Secret::Credential, user), expires.as_micros())
}

/// The path of a dial whose address says who dials.
pub(crate) fn path_with(credential: &Credential) -> String {
    format!("/sync?token={}", token(credential))
}

/// The credential that the path of a dial has.
pub(crate) fn shown_in(path: &str) -> Option<Credential> {
    let (_, token) = path.split_once("?token=")?;
    let user = Canary::all_in(token).next()?.owner;
    let mut numbers = token.split('.').skip(1).map(|number| number.parse().ok());
    let (id, expires) = (numbers.next()??, numbers.next()??);
    Some(Credential { id, user, expires: Wall::from_micros(expires) })
}

/// What the server knows of somebody who has signed in.
pub(crate) fn account(credential: Credential) -> Account {
    let mail = format!("{}@example.org", canary(Secret::Personal, credential.user));
    Account { credential, mail }
}

/// An operation with all that it is to write.
pub(crate) fn in_full(commit: &Commit) -> String {
    let writes = commit.edit == Edit::Insert
        || commit.edit.changes().iter().any(|change| change.value.is_some());
    let text = writes.then(|| canary(Secret::Content, commit.author).to_string());
    format!("{commit:?} {}", text.unwrap_or_default())
}

/// The canaries in a message.
pub(crate) fn of(message: &Message) -> Canaries {
    let shown = |credential: &Credential| canary(Secret::Credential, credential.user);
    match message {
        Message::Credential(credential) => [shown(credential)].into_iter().collect(),
        Message::Authored(_, account) => {
            let mail = Canary::all_in(&account.mail);
            std::iter::once(shown(&account.credential)).chain(mail).collect()
        }
        Message::Failed { text, .. } => Canary::all_in(text).collect(),
        _ => Canaries::new(),
    }
}
