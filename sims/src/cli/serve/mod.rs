//! `wavetank serve`: the reference server on a real port, with a page to try it from.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use wavetank::harness::Exit;
use wavetank_models::policy::PolicyFile;

use super::error::CliError;

#[cfg(feature = "stack")]
mod data;
#[cfg(feature = "stack")]
mod node;

#[cfg(feature = "stack")]
pub(super) use data::DataError;

const AFTER: &str = "\
Examples:
  wavetank serve                                    open http://127.0.0.1:7070/ in several tabs
  wavetank serve --data board.json                  another document
  wavetank serve --address 127.0.0.1:8080 --policy naive
                                                    a server that keeps less of its word

Kill it, edit on, and start it again: no edit is lost, and none is done twice.";

/// Arguments of `serve`.
#[derive(Args)]
#[command(after_help = AFTER)]
pub(super) struct ServeArgs {
    /// Where to listen. Whoever can reach it can edit.
    #[arg(long, default_value = "127.0.0.1:7070")]
    address: SocketAddr,
    /// A policy file, or the name of a bundled policy, for the server. The page is always the
    /// reference client.
    #[arg(long, default_value = "reference")]
    policy: String,
    /// The file that keeps the document. It is begun if it is not there.
    #[arg(long, default_value = "wavetank-data.json")]
    data: PathBuf,
}

pub(super) fn serve(args: &ServeArgs) -> Result<Exit, CliError> {
    let policy = PolicyFile::find(&args.policy)?;
    #[cfg(feature = "stack")]
    return node::serve(args, policy.config());
    #[cfg(not(feature = "stack"))]
    {
        drop(policy);
        let ServeArgs { address, policy, data } = args;
        let data = data.display();
        Err(CliError::NoStack(format!("--address {address} --policy {policy} --data {data}")))
    }
}
