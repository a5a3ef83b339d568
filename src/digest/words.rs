//! Values spelled out as bytes, so that different values are different bytes.
//!
//! Numbers have their full width, in little-endian order; what may be left out, and what may be
//! one of several things, says which with a number in front; what may be of any length says how
//! long it is. Wider than a compact encoding, and several times quicker to write: the bytes are
//! hashed and never kept.

use std::fmt;

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// Writes values to bytes.
pub(super) struct Words<'a>(pub(super) &'a mut Vec<u8>);

/// Why a value cannot be written: its own `Serialize` says so.
#[derive(Debug)]
pub(super) struct Unwritable(String);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unwritable {}

impl Error for Unwritable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl<'a> Words<'a> {
    #[inline]
    fn put<const N: usize>(self, bytes: [u8; N]) -> Result<(), Unwritable> {
        self.0.extend_from_slice(&bytes);
        Ok(())
    }

    /// The elements of something that says how many it has, here or at its end.
    #[inline]
    fn list(self, len: Option<usize>) -> List<'a> {
        let place = self.0.len();
        self.0.extend_from_slice(&(len.unwrap_or(0) as u64).to_le_bytes());
        List { words: self.0, place, count: 0, counts: len.is_none() }
    }

    #[inline]
    fn parts(self) -> List<'a> {
        List { place: 0, count: 0, counts: false, words: self.0 }
    }

    #[inline]
    fn variant(self, index: u32) -> Self {
        self.0.extend_from_slice(&index.to_le_bytes());
        self
    }
}

/// The elements of a value, one after the other.
pub(super) struct List<'a> {
    words: &'a mut Vec<u8>,
    /// Where the number of elements stands.
    place: usize,
    count: u64,
    /// Whether the number is known only at the end.
    counts: bool,
}

impl List<'_> {
    #[inline]
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.count += 1;
        value.serialize(Words(self.words))
    }

    #[inline]
    fn done(self) -> Result<(), Unwritable> {
        if self.counts {
            self.words[self.place..self.place + 8].copy_from_slice(&self.count.to_le_bytes());
        }
        Ok(())
    }
}

macro_rules! numbers {
    ($($name:ident: $number:ty),* $(,)?) => {
        $(
            #[inline]
            fn $name(self, value: $number) -> Result<(), Unwritable> {
                self.put(value.to_le_bytes())
            }
        )*
    };
}

impl<'a> Serializer for Words<'a> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = List<'a>;
    type SerializeStruct = List<'a>;
    type SerializeStructVariant = List<'a>;

    numbers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128, serialize_f32: f32, serialize_f64: f64,
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Unwritable> {
        self.put([u8::from(value)])
    }
    #[inline]
    fn serialize_char(self, value: char) -> Result<(), Unwritable> {
        self.put(u32::from(value).to_le_bytes())
    }
    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Unwritable> {
        self.serialize_bytes(value.as_bytes())
    }
    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unwritable> {
        self.0.extend_from_slice(&(value.len() as u64).to_le_bytes());
        self.0.extend_from_slice(value);
        Ok(())
    }
    #[inline]
    fn serialize_none(self) -> Result<(), Unwritable> {
        self.put([0])
    }
    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        self.0.push(1);
        value.serialize(Words(self.0))
    }
    #[inline]
    fn serialize_unit(self) -> Result<(), Unwritable> {
        Ok(())
    }
    #[inline]
    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Unwritable> {
        Ok(())
    }
    #[inline]
    fn serialize_unit_variant(
        self,
        _name: &'static str,
        index: u32,
        _variant: &'static str,
    ) -> Result<(), Unwritable> {
        self.put(index.to_le_bytes())
    }
    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        value.serialize(self)
    }
    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        index: u32,
        _variant: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        value.serialize(self.variant(index))
    }
    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<List<'a>, Unwritable> {
        Ok(self.list(len))
    }
    #[inline]
    fn serialize_tuple(self, _len: usize) -> Result<List<'a>, Unwritable> {
        Ok(self.parts())
    }
    #[inline]
    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<List<'a>, Unwritable> {
        Ok(self.parts())
    }
    #[inline]
    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<List<'a>, Unwritable> {
        Ok(self.variant(index).parts())
    }
    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Result<List<'a>, Unwritable> {
        Ok(self.list(len))
    }
    #[inline]
    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<List<'a>, Unwritable> {
        Ok(self.parts())
    }
    #[inline]
    fn serialize_struct_variant(
        self,
        _name: &'static str,
        index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<List<'a>, Unwritable> {
        Ok(self.variant(index).parts())
    }
    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }
}

macro_rules! elements {
    ($($kind:ident: $method:ident),* $(,)?) => {
        $(
            impl $kind for List<'_> {
                type Ok = ();
                type Error = Unwritable;
                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
                    self.add(value)
                }
                #[inline]
                fn end(self) -> Result<(), Unwritable> {
                    self.done()
                }
            }
        )*
    };
}

elements! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

impl SerializeMap for List<'_> {
    type Ok = ();
    type Error = Unwritable;
    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        key.serialize(Words(self.words))
    }
    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.add(value)
    }
    #[inline]
    fn end(self) -> Result<(), Unwritable> {
        self.done()
    }
}

macro_rules! fields {
    ($($kind:ident),* $(,)?) => {
        $(
            impl $kind for List<'_> {
                type Ok = ();
                type Error = Unwritable;
                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    _key: &'static str,
                    value: &T,
                ) -> Result<(), Unwritable> {
                    self.add(value)
                }
                #[inline]
                fn skip_field(&mut self, _key: &'static str) -> Result<(), Unwritable> {
                    self.words.push(u8::MAX);
                    Ok(())
                }
                #[inline]
                fn end(self) -> Result<(), Unwritable> {
                    self.done()
                }
            }
        )*
    };
}

fields! { SerializeStruct, SerializeStructVariant }
