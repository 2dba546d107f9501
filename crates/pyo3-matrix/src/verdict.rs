//! What do the records mean? What a cell left behind in, how it ended and how it counts out.

pub mod attribution;
pub mod compare;
pub mod criterion;
pub mod effect;
pub mod judge;
pub mod measure;
pub mod measured;
pub mod noise;
pub mod outcome;
pub mod refusal;
pub mod workers;
