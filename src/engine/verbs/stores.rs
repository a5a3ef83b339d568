//! What can be done to stores.

use super::super::Witness;
use super::super::vault::StoreMode;
use super::super::world::World;
use crate::history::{Observation, StoreOutcome};
use crate::id::{StoreId, Ticket};
use crate::protocol::Protocol;

impl<P: Protocol, W: Witness<P>> World<P, W> {
    /// Sets how a store treats requests.
    pub fn store_mode(&mut self, store: StoreId, mode: StoreMode) {
        if let Some(vault) = self.core.vaults.iter_mut().find(|vault| vault.id == store) {
            vault.set_mode(mode);
        }
        let delay = mode.delay.as_micros();
        let odds = u64::from(mode.fail_ppm) << 32 | u64::from(mode.ambiguous_ppm);
        self.core.note(52, store.0, delay, odds);
        self.core.digest.value(&(mode.lying_ppm, mode.stale));
    }

    /// Prepares a store for [`World::lose_unflushed`].
    pub fn journal(&mut self, store: StoreId) {
        if let Some(vault) = self.core.vaults.iter_mut().find(|vault| vault.id == store) {
            vault.journal();
        }
    }

    /// Lets a store lose a drawn part of what was executed since the last flush.
    pub fn lose_unflushed(&mut self, store: StoreId) {
        let core = &mut self.core;
        let draw = core.draw.purpose("lose").key(core.now.as_micros()).key(u64::from(store.0));
        if let Some(vault) = core.vaults.iter_mut().find(|vault| vault.id == store) {
            let keep = draw.below(0, vault.unflushed() + 1);
            let lost = vault.lose(keep);
            core.note(53, store.0, keep, 0);
            for ticket in lost {
                self.tell_users(store, ticket, StoreOutcome::Lost);
            }
        }
    }

    /// Remembers a store's state for [`World::restore`].
    pub fn checkpoint(&mut self, store: StoreId) {
        if let Some(vault) = self.core.vaults.iter_mut().find(|vault| vault.id == store) {
            vault.remember();
            self.tell_users(store, Ticket(u32::MAX), StoreOutcome::Remembered);
        }
    }

    /// Puts a store back to its checkpoint, or to nothing; a new lineage begins.
    pub fn restore(&mut self, store: StoreId, empty: bool) {
        if let Some(vault) = self.core.vaults.iter_mut().find(|vault| vault.id == store) {
            vault.restore(empty);
            self.core.note(54, store.0, u64::from(empty), 0);
            let outcome = if empty { StoreOutcome::Emptied } else { StoreOutcome::Restored };
            self.tell_users(store, Ticket(u32::MAX), outcome);
        }
    }

    fn tell_users(&mut self, store: StoreId, ticket: Ticket, outcome: StoreOutcome) {
        let user = self.core.hosts.iter().position(|host| host.store == Some(store));
        let what = Observation::Stored { store, ticket, outcome, write: None };
        self.core.observe(user.unwrap_or(0) as u32, &what);
    }
}
