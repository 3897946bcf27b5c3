//! The real program as a user meets it. What the README shows is here too.

mod audit;
mod crash;
mod docs;
mod first_skill;
mod input;
mod rename;
mod state;
