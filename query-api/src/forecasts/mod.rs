//! What is expected, and how such expectations have done: written by the nightly job, read from the run that is shown.
//!
//! A restaurant sees what is expected of itself; a supplier the totals of its products over all restaurants, and no
//! restaurant's by itself.

mod figure;
pub(crate) mod list;
mod places;
pub(crate) mod plot;
mod resource;
mod series;
mod style_policy;
mod wanted;

pub(crate) use self::{
    figure::{Figure, STYLE},
    resource::{ForecastRunResource, sentence},
    series::{Run, is_stale, place_of, totals_of},
    style_policy::policy_of_styles,
    wanted::wanted_in_all,
};

use crate::freshness::ReadModel;

/// Names and units of products; what is expected of them is of the run that every answer names.
const MODELS: [ReadModel; 1] = [ReadModel::Catalogue];
