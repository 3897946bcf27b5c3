//! What many files add up to. Overviews of parts merge into the overview of the whole, so that child
//! tasks return little and the order in which they end does not matter.
