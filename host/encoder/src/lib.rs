//! Texts as unit vectors, on the CPU, without a download: near texts get near vectors.
//!
//! What is here: [`Hashed`], which needs no file and knows nothing of meaning, and [`Bert`], a sentence
//! encoder of the BERT family from a folder of the user. Both give the same bits on every machine, and an
//! id that changes when the vectors do. A [`Lexicon`] knows which words the second finds alike.
//!
//! What is deliberately not: training, storing or comparing vectors, threads, and any way to the network.
//!
//! Start reading at [`bert`].

pub mod bert;
pub mod hashed;
mod kernel;
pub mod lexicon;

pub use self::{
    bert::{Bert, EncodeError, OpenError, Precision},
    hashed::Hashed,
    lexicon::Lexicon,
};
