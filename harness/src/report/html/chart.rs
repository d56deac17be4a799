//! How many cases came to what, as a bar and as a list.

use maud::{Markup, html};

use crate::report::Summary;
use crate::report::summary::ORDER;

/// The width of the drawing; it is stretched to its place.
const WIDE: f64 = 1000.0;

pub(super) fn chart(summary: &Summary) -> Markup {
    let counts: Vec<(&str, usize)> =
        ORDER.iter().filter_map(|name| Some((*name, *summary.counts.get(name)?))).collect();
    let all: usize = counts.iter().map(|(_, count)| count).sum();
    html! {
        div.chart {
            svg.bar viewBox="0 0 1000 14" preserveAspectRatio="none" aria-hidden="true" {
                @for (name, x, width) in parts(&counts, all) {
                    rect.(name) x=(x) y="0" width=(width) height="14" {}
                }
            }
            ul.legend {
                @for (name, count) in &counts {
                    li { span.dot .(name) aria-hidden="true" {} b { (count) } " " (name.replace('-', " ")) }
                }
            }
        }
    }
}

/// Where each part begins and how wide it is; a part that is there can be seen.
#[expect(clippy::cast_precision_loss, reason = "a drawing")]
fn parts<'a>(counts: &[(&'a str, usize)], all: usize) -> Vec<(&'a str, String, String)> {
    const LEAST: f64 = 6.0;
    let wide: Vec<f64> =
        counts.iter().map(|(_, count)| (*count as f64 / all.max(1) as f64 * WIDE).max(LEAST)).collect();
    let scale = WIDE / wide.iter().sum::<f64>();
    let mut x = 0.0;
    let place = |((name, _), width): (&(&'a str, usize), f64)| {
        let part = (*name, format!("{x:.1}"), format!("{:.1}", width * scale));
        x += width * scale;
        part
    };
    counts.iter().zip(wide).map(place).collect()
}
