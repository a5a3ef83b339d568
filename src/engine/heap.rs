//! A 4-ary heap of packed entries, the least first, the four children of one in one line of a cache.

/// Four children of one parent, in one line of a cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Four([u128; 4]);

/// Greater than any entry: what stands where nothing is.
pub(super) const NOTHING: u128 = u128::MAX;

pub(super) struct Heap {
    /// The heap without its root. The children of the root are the first four, those of the
    /// entry at `place` are the four at `place + 1`.
    fours: Vec<Four>,
    root: u128,
    /// How many entries there are below the root.
    below: usize,
    /// The root was taken and not yet replaced. The next entry is put there and sinks once,
    /// where taking and adding would each move through the heap.
    hole: bool,
}

impl Default for Heap {
    fn default() -> Self {
        Self { fours: Vec::new(), root: NOTHING, below: 0, hole: false }
    }
}

impl Heap {
    /// The least entry, or the greatest number there is where there is none.
    #[inline]
    pub(super) fn first(&mut self) -> u128 {
        if self.hole {
            self.fill();
        }
        self.root
    }

    /// Takes out what comes first, which has just been looked at.
    #[inline]
    pub(super) const fn take(&mut self) {
        self.hole = true;
    }

    #[inline]
    pub(super) fn add(&mut self, entry: u128) {
        if self.hole {
            self.hole = false;
            self.sink(entry);
        } else if self.root == NOTHING {
            self.root = entry;
        } else {
            let greater = self.root.max(entry);
            self.root = self.root.min(entry);
            self.rise(greater);
        }
    }

    /// Puts the last entry into the hole.
    fn fill(&mut self) {
        self.hole = false;
        if self.below == 0 {
            self.root = NOTHING;
            return;
        }
        self.below -= 1;
        let last = &mut self.fours[self.below / 4].0[self.below % 4];
        let entry = std::mem::replace(last, NOTHING);
        self.sink(entry);
    }

    /// Adds an entry at the end, and lets it rise above those that are greater.
    #[inline]
    fn rise(&mut self, entry: u128) {
        let mut place = self.below;
        self.below += 1;
        if place / 4 == self.fours.len() {
            self.fours.push(Four([NOTHING; 4]));
        }
        while place >= 4 {
            let parent = place / 4 - 1;
            let above = self.fours[parent / 4].0[parent % 4];
            if above <= entry {
                break;
            }
            self.fours[place / 4].0[place % 4] = above;
            place = parent;
        }
        self.fours[place / 4].0[place % 4] = entry;
    }

    /// Puts an entry into the root, and lets it sink below those that are less.
    #[inline]
    fn sink(&mut self, entry: u128) {
        let mut hole: Option<usize> = None;
        loop {
            let children = hole.map_or(0, |place| place + 1);
            let Some(Four([a, b, c, d])) = self.fours.get(children) else { break };
            // Two pairs of children do not wait for each other.
            let one = if b < a { (*b, 1) } else { (*a, 0) };
            let two = if d < c { (*d, 3) } else { (*c, 2) };
            let (least, child) = if two.0 < one.0 { two } else { one };
            if entry <= least {
                break;
            }
            self.set(hole, least);
            hole = Some(children * 4 + child);
        }
        self.set(hole, entry);
    }

    #[inline]
    fn set(&mut self, place: Option<usize>, entry: u128) {
        match place {
            Some(place) => self.fours[place / 4].0[place % 4] = entry,
            None => self.root = entry,
        }
    }
}
