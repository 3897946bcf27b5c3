//! What every store stands on: a folder of the real file system as a [`Disk`](voyager_base::disk::Disk),
//! and a redb database in one file of any disk, checked before it is used.
//!
//! What is deliberately not here: tables, formats, and what is true after a crash; that is each store's own.
//!
//! Start reading at [`FileDisk`], then [`database`].

mod backend;
pub mod database;
mod file_disk;

pub use self::{
    backend::{Backend, Overlay},
    file_disk::{FileDisk, FolderError},
};
