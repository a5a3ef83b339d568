//! A panel beside the page with the details of one element: another view of the same content.

use wavetank::history::{Changes, Reading};
use wavetank::id::Field;
use wavetank::protocol::Outbox;

use super::Client;
use crate::document::{self, Attribute};
use crate::protocol::DocSync;

/// The part of the page that the panel is.
const PART: u8 = 2;

impl Client {
    /// The person opens the panel of an element.
    pub(super) fn open_panel(&mut self, element: u32, out: &mut Outbox<DocSync>) {
        self.panel = Some(document::element(element % document::ELEMENTS + 1, Attribute::Label));
        self.show_panel(None, out);
    }

    /// Shows in the panel what has changed, or all of it.
    pub(super) fn show_panel(&self, fields: Option<&[Field]>, out: &mut Outbox<DocSync>) {
        let (Some(of), Some(position)) = (self.panel, self.cursor) else { return };
        let has_changed = |field: &Field| fields.is_none_or(|fields| fields.contains(field));
        let fields_shown = document::siblings(of).filter(has_changed);
        let changes: Changes = fields_shown.map(|field| self.seen(field)).collect();
        let (whole, pending) = (fields.is_none(), self.pending_here());
        if whole || !changes.is_empty() {
            out.show(Reading { topic: self.doc, position, part: PART, pending, whole, changes });
        }
    }

    /// What the page shows has changed: so has what the panel does.
    pub(super) fn draw_panel(&self, fields: Option<&[Field]>, out: &mut Outbox<DocSync>) {
        if self.panel.is_some() && (self.steps.panel_follows)() {
            self.show_panel(fields, out);
        }
    }
}
