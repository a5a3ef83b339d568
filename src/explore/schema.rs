//! The shape of a protocol's types, as a number that case files carry.
//!
//! serde knows the shape of a type, though it never says so in one piece: a type asks a
//! deserialiser for what it consists of. The probe in this module answers each question with as
//! little as possible, notes it, and comes back for the fields and variants that it has not
//! walked down yet.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::{Deserialize, Deserializer, Serialize, forward_to_deserialize_any};

use crate::digest::Digester;
use crate::protocol::Protocol;

/// Types that contain themselves are not walked down further than this.
const DEPTH: usize = 24;

/// The shape of a protocol's operations, roles and configuration: two protocols that differ in
/// a field, a variant or a name of these differ here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schema(u64);

impl Schema {
    /// The shape of a protocol's types.
    ///
    /// # Panics
    /// If another thread panicked while it asked for this.
    pub fn of<P: Protocol>() -> Self {
        static KNOWN: Mutex<BTreeMap<TypeId, Schema>> = Mutex::new(BTreeMap::new());
        let mut known = KNOWN.lock().expect("nobody panics here");
        *known.entry(TypeId::of::<P>()).or_insert_with(|| {
            let mut lines = walk::<P::Op>();
            lines.extend(walk::<P::Role>());
            lines.extend(walk::<P::Config>());
            let mut digester = Digester::default();
            digester.value(&lines);
            Self(digester.finish().0 as u64)
        })
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<Schema> for String {
    fn from(schema: Schema) -> Self {
        schema.to_string()
    }
}

impl TryFrom<String> for Schema {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = (text.len() == 16).then(|| u64::from_str_radix(&text, 16).ok()).flatten();
        number.map(Self).ok_or_else(|| format!("`{text}` is no schema: expected 16 hex digits"))
    }
}

/// Every way from a type down to something that has no parts, one line each.
fn walk<T: DeserializeOwned>() -> Vec<String> {
    let mut lines = Vec::new();
    let mut script: Vec<(usize, usize)> = Vec::new();
    loop {
        let mut path = Path { script, taken: 0, depth: 0, line: String::new() };
        // Whether a value came of it does not matter: what was asked for does.
        let _ = T::deserialize(Probe { path: &mut path, silent: false });
        lines.push(path.line);
        script = path.script;
        while script.last().is_some_and(|(choice, of)| choice + 1 == *of) {
            script.pop();
        }
        let Some((choice, _)) = script.last_mut() else { return lines };
        *choice += 1;
    }
}

/// One way down: which of the parts was taken at each fork.
struct Path {
    script: Vec<(usize, usize)>,
    taken: usize,
    depth: usize,
    line: String,
}

impl Path {
    fn choose(&mut self, of: usize) -> usize {
        if self.taken == self.script.len() {
            self.script.push((0, of));
        }
        self.taken += 1;
        self.script[self.taken - 1].0
    }

    fn note(&mut self, what: &str) {
        self.line.push_str(what);
        self.line.push(' ');
    }
}

/// Why a walk ended.
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the end of a walk")
    }
}

impl std::error::Error for Stop {}

impl serde::de::Error for Stop {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self
    }
}

/// Answers a type's questions. A silent one only passes by what comes before the part that is
/// walked down: it notes and chooses nothing.
struct Probe<'a> {
    path: &'a mut Path,
    silent: bool,
}

impl Probe<'_> {
    fn again(&mut self) -> Probe<'_> {
        Probe { path: self.path, silent: self.silent }
    }

    /// Goes one level down, if that is not too deep.
    fn enter(&mut self, what: &str) -> Result<(), Stop> {
        self.path.depth += 1;
        if self.path.depth > DEPTH {
            return Err(Stop);
        }
        if !self.silent {
            self.path.note(what);
        }
        Ok(())
    }

    fn choose(&mut self, of: usize) -> Result<usize, Stop> {
        match (self.silent, of) {
            (_, 0) => Err(Stop),
            (true, _) => Ok(0),
            (false, of) => Ok(self.path.choose(of)),
        }
    }
}

macro_rules! leaves {
    ($($method:ident $visit:ident $value:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stop> {
            self.enter(stringify!($visit))?;
            visitor.$visit($value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Stop;

    leaves! {
        deserialize_bool visit_bool false;
        deserialize_i8 visit_i8 0;
        deserialize_i16 visit_i16 0;
        deserialize_i32 visit_i32 0;
        deserialize_i64 visit_i64 0;
        deserialize_i128 visit_i128 0;
        deserialize_u8 visit_u8 0;
        deserialize_u16 visit_u16 0;
        deserialize_u32 visit_u32 0;
        deserialize_u64 visit_u64 0;
        deserialize_u128 visit_u128 0;
        deserialize_f32 visit_f32 0.0;
        deserialize_f64 visit_f64 0.0;
        deserialize_char visit_char ' ';
        deserialize_str visit_str "";
        deserialize_string visit_str "";
        deserialize_bytes visit_bytes b"";
        deserialize_byte_buf visit_bytes b"";
    }

    fn deserialize_any<V: Visitor<'de>>(mut self, _visitor: V) -> Result<V::Value, Stop> {
        self.enter("any")?;
        Err(Stop)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stop> {
        self.enter("option")?;
        if self.silent { visitor.visit_none() } else { visitor.visit_some(self.again()) }
    }

    fn deserialize_unit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stop> {
        self.enter("unit")?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.enter(name)?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.enter(name)?;
        visitor.visit_newtype_struct(self.again())
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stop> {
        self.enter("list")?;
        let elements = usize::from(!self.silent);
        visitor.visit_seq(Elements { probe: self, next: 0, walked: 0, elements })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        mut self,
        elements: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.enter(&format!("({elements})"))?;
        if elements == 0 {
            return visitor.visit_unit();
        }
        let walked = self.choose(elements)?;
        visitor.visit_seq(Elements { probe: self, next: 0, walked, elements })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        elements: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.enter(name)?;
        self.deserialize_tuple(elements, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stop> {
        self.enter("map")?;
        let walked = self.choose(2)?;
        let done = self.silent;
        visitor.visit_map(Pair { probe: self, walks_key: walked == 0, done })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.enter(name)?;
        let walked = self.choose(fields.len())?;
        visitor.visit_map(Fields { probe: self, fields, next: walked, walked })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.enter(name)?;
        let variant = variants[self.choose(variants.len())?];
        visitor.visit_enum(Choice { probe: self, variant })
    }

    forward_to_deserialize_any! { identifier ignored_any }
}

/// The elements of a list or a tuple. Those before the one that is walked down are passed by.
struct Elements<'a> {
    probe: Probe<'a>,
    next: usize,
    walked: usize,
    elements: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stop> {
        if self.next >= self.elements {
            return Ok(None);
        }
        let silent = self.probe.silent || self.next != self.walked;
        self.next += 1;
        seed.deserialize(Probe { path: self.probe.path, silent }).map(Some)
    }
}

/// One entry of a map, of which either the key or the value is walked down.
struct Pair<'a> {
    probe: Probe<'a>,
    walks_key: bool,
    done: bool,
}

impl<'de> MapAccess<'de> for Pair<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let silent = !self.walks_key;
        seed.deserialize(Probe { path: self.probe.path, silent }).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(Probe { path: self.probe.path, silent: self.walks_key })
    }
}

/// The fields of a struct: the one that is walked down or, in silence, all.
struct Fields<'a> {
    probe: Probe<'a>,
    fields: &'static [&'static str],
    next: usize,
    walked: usize,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        let last = if self.probe.silent { self.fields.len() - 1 } else { self.walked };
        if self.next > last {
            return Ok(None);
        }
        let name = self.fields[self.next];
        self.next += 1;
        if !self.probe.silent {
            self.probe.path.note(name);
        }
        let name: StrDeserializer<'_, Stop> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(self.probe.again())
    }
}

/// One variant of an enum.
struct Choice<'a> {
    probe: Probe<'a>,
    variant: &'static str,
}

impl<'de, 'a> EnumAccess<'de> for Choice<'a> {
    type Error = Stop;
    type Variant = Probe<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Probe<'a>), Stop> {
        if !self.probe.silent {
            self.probe.path.note(self.variant);
        }
        let name: StrDeserializer<'_, Stop> = self.variant.into_deserializer();
        Ok((seed.deserialize(name)?, self.probe))
    }
}

impl<'de> VariantAccess<'de> for Probe<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(mut self, seed: T) -> Result<T::Value, Stop> {
        seed.deserialize(self.again())
    }

    fn tuple_variant<V: Visitor<'de>>(self, elements: usize, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_tuple(elements, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_struct("", fields, visitor)
    }
}
