//! The metrics in Prometheus' text exposition format, version 0.0.4.

use std::fmt::Write;

use crate::metrics::{Family, MetricKind};

/// Formats the metrics for Prometheus.
pub fn page(families: &[Family]) -> String {
    let mut page = String::new();
    for family in families {
        let kind = match family.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        // Writing to a `String` does not fail.
        let _ = writeln!(page, "# HELP {} {}", family.name, family.help);
        let _ = writeln!(page, "# TYPE {} {kind}", family.name);
        for sample in &family.samples {
            let _ = writeln!(page, "{}", sample.line(family.name));
        }
    }
    page
}
