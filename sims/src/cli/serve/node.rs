//! The node behind `wavetank serve`, for as long as nobody ends it.

use tokio::net::TcpListener;
use wavetank::harness::Exit;
use wavetank::harness::cli::say;
use wavetank::stack::{self, Serving};
use wavetank_models::{Config, DocSync, Role};

use super::ServeArgs;
use super::data::DataFile;
use crate::cli::error::CliError;

/// The reference client as a page, in one piece.
const PAGE: &str =
    concat!(include_str!("page.html"), "<script>\n", include_str!("page.js"), "</script>\n");

pub(super) fn serve(args: &ServeArgs, config: Config) -> Result<Exit, CliError> {
    let (mut file, documents) = DataFile::open(&args.data)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(CliError::Serve)?.block_on(async {
        let listen = |source| CliError::Listen { address: args.address, source };
        let listener = TcpListener::bind(args.address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        // Heeded from here on: nobody is told of the server before it ends as it should.
        let end = tokio::spawn(tokio::signal::ctrl_c());
        tokio::task::yield_now().await;
        say(&format!(
            "Open http://{address}/ in several tabs. The document is kept in {}. Ctrl-C ends it.\n",
            args.data.display()
        ))?;
        let serving = Serving::<DocSync> {
            role: Role::Server,
            config,
            seed: 0,
            store: documents,
            on_write: Box::new(move |documents| file.save(documents)),
            page: Some(PAGE),
        };
        tokio::select! {
            ended = stack::serve(listener, serving) => {
                ended.map(|()| Exit::Held).map_err(CliError::Serve)
            }
            _ = end => {
                say("\nEnded. What was acknowledged is in the file.\n")?;
                Ok(Exit::Held)
            }
        }
    })
}
