//! Messages of the engine on stderr: those that `ISAMORPH_LOG` asks for, without it errors alone.
//!
//! Hardly a run has an error to tell: what prints it is made when the first one comes.

use std::sync::OnceLock;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};
use tracing_subscriber::EnvFilter;

/// The variable that asks for more.
const VARIABLE: &str = "ISAMORPH_LOG";

/// From now on messages are printed.
pub fn start() {
    match EnvFilter::try_from_env(VARIABLE) {
        Ok(filter) => {
            let all = tracing_subscriber::fmt().with_env_filter(filter);
            all.with_writer(std::io::stderr).init();
        }
        Err(_) => tracing::dispatcher::set_global_default(Dispatch::new(Errors::default()))
            .expect("nothing else of this process prints messages"),
    }
}

/// Prints errors.
#[derive(Default)]
struct Errors(OnceLock<Dispatch>);

impl Subscriber for Errors {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.is_event() && *about.level() == Level::ERROR
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::ERROR)
    }

    fn event(&self, event: &Event<'_>) {
        let errors = tracing_subscriber::fmt().with_max_level(Level::ERROR);
        let printer = || Dispatch::new(errors.with_writer(std::io::stderr).finish());
        self.0.get_or_init(printer).event(event);
    }

    // Only events are enabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
