//! The rules of the architecture page, as tests. Nothing here is used by the product: see `tests/`.
