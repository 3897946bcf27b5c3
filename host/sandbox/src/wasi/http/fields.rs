//! `fields`: headers, checked as `voyager:http` checks them, when they are set.

use voyager_base::{
    Error, ErrorKind,
    http::{HEADER_BYTES_MAX, HEADERS_MAX, check_header, is_host_header},
};
use wasmtime::component::Resource;

use crate::{
    ending::Ending,
    guest::Guest,
    held::{Held, Weight},
    wasi::wit::wasi::http::types::{HeaderError, HostFields},
};

/// What an entry weighs beside its text.
const ENTRY_BYTES: usize = 64;

/// The one header that a guest may set of those that frame a message: its body is held to it, and the host sets it
/// anew.
const LENGTH: &str = "content-length";

type Entry = (String, String);

/// Headers, in their order and as they were written.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct Fields {
    entries: Vec<Entry>,
    is_mutable: bool,
    weight: Weight,
}

impl Fields {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A copy of what is in them.
    pub(super) fn copied(&self) -> Vec<Entry> {
        self.entries.clone()
    }

    /// What the length of the body is said to be.
    ///
    /// # Errors
    /// Two lengths are said.
    pub(super) fn length(&self) -> Result<Option<u64>, ()> {
        let mut said = self.values(LENGTH).map(|value| value.parse::<u64>().map_err(drop));
        let Some(first) = said.next().transpose()? else { return Ok(None) };
        said.all(|other| other == Ok(first)).then_some(Some(first)).ok_or(())
    }

    /// Those that are sent: the host says the length of the body itself.
    pub(super) fn sent(&self) -> Vec<Entry> {
        let is_sent = |entry: &&Entry| !entry.0.eq_ignore_ascii_case(LENGTH);
        self.entries.iter().filter(is_sent).cloned().collect()
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.entries.iter().filter(|entry| entry.0.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    fn changed(&mut self, entries: Vec<Entry>) {
        self.weight.set(bytes(&entries));
        self.entries = entries;
    }
}

fn bytes(entries: &[Entry]) -> usize {
    entries.iter().map(|(name, value)| name.len() + value.len() + ENTRY_BYTES).sum()
}

/// Makes sure that headers are no more than a request may have.
///
/// # Errors
/// Ends the guest: no code of `fields` would tell it.
fn bounded(entries: &[Entry]) -> wasmtime::Result<()> {
    let text: usize = entries.iter().map(|(name, value)| name.len() + value.len()).sum();
    let bound = if HEADERS_MAX < entries.len() {
        format!("headers: {HEADERS_MAX}")
    } else if HEADER_BYTES_MAX < text {
        format!("header-bytes: {HEADER_BYTES_MAX}")
    } else {
        return Ok(());
    };
    let message = format!("more headers than a request may have ({bound})");
    Err(Ending::Host(Error::new(ErrorKind::Limit, message).bound(bound)).into())
}

/// A header as a guest gives it.
fn checked(name: String, value: Vec<u8>) -> Result<Entry, HeaderError> {
    let value = String::from_utf8(value).map_err(|_| HeaderError::InvalidSyntax)?;
    if name.eq_ignore_ascii_case(LENGTH) {
        let is_number = value.parse::<u64>().is_ok();
        return is_number.then_some((name, value)).ok_or(HeaderError::InvalidSyntax);
    }
    if is_host_header(&name) {
        return Err(HeaderError::Forbidden);
    }
    check_header(&name, &value).map_err(|_| HeaderError::InvalidSyntax)?;
    Ok((name, value))
}

impl Guest {
    /// Gives the guest headers.
    fn open_fields(
        &mut self,
        entries: Vec<Entry>,
        is_mutable: bool,
    ) -> wasmtime::Result<Resource<Fields>> {
        bounded(&entries)?;
        let size = bytes(&entries);
        self.make_room(size)?;
        let weight = self.held.weigh(size);
        self.open(Fields { entries, is_mutable, weight })
    }

    /// A copy that is not to be changed.
    pub(super) fn show_fields(
        &mut self,
        entries: Vec<Entry>,
    ) -> wasmtime::Result<Resource<Fields>> {
        self.open_fields(entries, false)
    }

    /// Changes headers that may be changed.
    fn change(
        &mut self,
        handle: &Resource<Fields>,
        change: impl FnOnce(&mut Vec<Entry>) -> Result<(), HeaderError>,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        let held: &Held = &self.held;
        let fields = self.handles.get_mut(handle)?;
        if !fields.is_mutable {
            return Ok(Err(HeaderError::Immutable));
        }
        let mut entries = fields.entries.clone();
        if let Err(error) = change(&mut entries) {
            return Ok(Err(error));
        }
        bounded(&entries)?;
        let more = bytes(&entries).saturating_sub(bytes(&fields.entries));
        held.room(more).map_err(Ending::Host)?;
        fields.changed(entries);
        Ok(Ok(()))
    }
}

impl HostFields for Guest {
    fn new(&mut self) -> wasmtime::Result<Resource<Fields>> {
        self.open_fields(Vec::new(), true)
    }

    fn from_list(
        &mut self,
        entries: Vec<(String, Vec<u8>)>,
    ) -> wasmtime::Result<Result<Resource<Fields>, HeaderError>> {
        let entries = entries.into_iter().map(|(name, value)| checked(name, value));
        match entries.collect() {
            Ok(entries) => self.open_fields(entries, true).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    fn get(&mut self, fields: Resource<Fields>, name: String) -> wasmtime::Result<Vec<Vec<u8>>> {
        let fields = self.handles.get(&fields)?;
        Ok(fields.values(&name).map(|value| value.as_bytes().to_vec()).collect())
    }

    fn has(&mut self, fields: Resource<Fields>, name: String) -> wasmtime::Result<bool> {
        Ok(self.handles.get(&fields)?.values(&name).next().is_some())
    }

    fn set(
        &mut self,
        fields: Resource<Fields>,
        name: String,
        values: Vec<Vec<u8>>,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        self.change(&fields, |entries| {
            let values = values.into_iter().map(|value| checked(name.clone(), value));
            let values: Vec<Entry> = values.collect::<Result<_, _>>()?;
            entries.retain(|entry| !entry.0.eq_ignore_ascii_case(&name));
            entries.extend(values);
            Ok(())
        })
    }

    fn delete(
        &mut self,
        fields: Resource<Fields>,
        name: String,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        self.change(&fields, |entries| {
            checked(name.clone(), b"0".to_vec())?;
            entries.retain(|entry| !entry.0.eq_ignore_ascii_case(&name));
            Ok(())
        })
    }

    fn append(
        &mut self,
        fields: Resource<Fields>,
        name: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        self.change(&fields, |entries| {
            entries.push(checked(name, value)?);
            Ok(())
        })
    }

    fn entries(&mut self, fields: Resource<Fields>) -> wasmtime::Result<Vec<(String, Vec<u8>)>> {
        let entries = self.handles.get(&fields)?.entries.iter().cloned();
        Ok(entries.map(|(name, value)| (name, value.into_bytes())).collect())
    }

    fn clone(&mut self, fields: Resource<Fields>) -> wasmtime::Result<Resource<Fields>> {
        let entries = self.handles.get(&fields)?.entries.clone();
        self.open_fields(entries, true)
    }

    fn drop(&mut self, fields: Resource<Fields>) -> wasmtime::Result<()> {
        self.handles.delete(fields)?;
        Ok(())
    }
}
