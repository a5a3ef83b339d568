//! Small maps, sorted by their keys.

/// A map in one piece of memory, sorted by its keys. Most maps of an invariant hold a few nodes
/// or connections, or grow at their end as operations and events are numbered; there it is
/// several times quicker than a `BTreeMap`, and it is walked in the same order.
#[derive(Clone, Debug)]
pub(crate) struct Table<K, V>(Vec<(K, V)>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Table<K, V> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// The greatest key.
    pub(crate) fn last(&self) -> Option<&K> {
        self.0.last().map(|(key, _)| key)
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }
}

impl<K: Ord, V> Table<K, V> {
    /// Where a key is, or where it would be. The end is looked at first: that is where most
    /// keys of a table that grows are put, and looked for soon after.
    #[inline]
    fn place(&self, key: &K) -> Result<usize, usize> {
        let Some((last, _)) = self.0.last() else { return Err(0) };
        match last.cmp(key) {
            std::cmp::Ordering::Less => Err(self.0.len()),
            std::cmp::Ordering::Equal => Ok(self.0.len() - 1),
            std::cmp::Ordering::Greater => self.0.binary_search_by(|(other, _)| other.cmp(key)),
        }
    }

    #[inline]
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.place(key).ok().map(|place| &self.0[place].1)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.place(key).ok().map(|place| &mut self.0[place].1)
    }

    #[inline]
    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    /// Puts a value under a key, and gives back what was there.
    #[inline]
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, value)),
            Err(place) => {
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.place(key).ok().map(|place| self.0.remove(place).1)
    }

    /// What is under a key; if nothing is, `value` from now on.
    #[inline]
    pub(crate) fn get_or_insert(&mut self, key: K, value: V) -> &mut V {
        let place = match self.place(&key) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (key, value));
                place
            }
        };
        &mut self.0[place].1
    }

    /// What is under a key; if nothing is, the default from now on.
    #[inline]
    pub(crate) fn of(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let place = match self.place(&key) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (key, V::default()));
                place
            }
        };
        &mut self.0[place].1
    }

    /// The entries between two keys, both included.
    pub(crate) fn between(&self, first: &K, last: &K) -> &[(K, V)] {
        let start = self.0.partition_point(|(key, _)| key < first);
        let count = self.0[start..].partition_point(|(key, _)| key <= last);
        &self.0[start..start + count]
    }
}

/// A set that is kept in the same way.
pub(crate) type Set<K> = Table<K, ()>;

impl<K: Ord> Extend<K> for Set<K> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        for key in keys {
            self.insert(key, ());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::Table;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8, u16),
        Remove(u8),
        Count(u8),
        Keep(u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (any::<u8>(), any::<u16>()).prop_map(|(key, value)| Step::Insert(key, value)),
            any::<u8>().prop_map(Step::Remove),
            any::<u8>().prop_map(Step::Count),
            any::<u16>().prop_map(Step::Keep),
        ]
    }

    proptest! {
        #[test]
        fn a_table_does_what_a_btree_map_does(
            steps in proptest::collection::vec(step(), 0..200),
            first: u8,
            last: u8,
        ) {
            let mut table = Table::new();
            let mut map = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        prop_assert_eq!(table.insert(key, value), map.insert(key, value));
                    }
                    Step::Remove(key) => prop_assert_eq!(table.remove(&key), map.remove(&key)),
                    Step::Count(key) => {
                        *table.of(key) ^= 1;
                        *map.entry(key).or_default() ^= 1;
                    }
                    Step::Keep(most) => {
                        table.retain(|_, value| *value <= most);
                        map.retain(|_, value| *value <= most);
                    }
                }
                prop_assert!(table.iter().eq(map.iter()));
                prop_assert_eq!(table.last(), map.keys().next_back());
            }
            for key in 0..=u8::MAX {
                prop_assert_eq!(table.get(&key), map.get(&key));
                prop_assert_eq!(table.contains_key(&key), map.contains_key(&key));
            }
            let between: Vec<(u8, u16)> =
                map.iter().map(|(k, v)| (*k, *v)).filter(|(k, _)| (first..=last).contains(k)).collect();
            prop_assert_eq!(table.between(&first, &last), between.as_slice());
        }
    }
}
