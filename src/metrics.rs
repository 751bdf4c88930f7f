//! Metrics in the model of Prometheus, for the metrics page, the request DUMP and the log.

use std::time::Duration;

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// A counter: it only grows, until the process ends.
    Counter,
    /// A gauge: it goes up and down.
    Gauge,
    /// A histogram; see [`Histogram`].
    Histogram,
}

/// A metric family: all samples of the same name.
#[derive(Debug)]
pub struct Family {
    /// The name by the conventions of Prometheus: with its unit, and `_total` for a counter.
    pub name: &'static str,
    /// The help text.
    pub help: &'static str,
    /// The type.
    pub kind: MetricKind,
    /// Its samples.
    pub samples: Vec<Sample>,
}

/// One value of a metric.
#[derive(Debug)]
pub struct Sample {
    /// The suffix to the family's name; empty except for histograms.
    pub suffix: &'static str,
    /// The label, name and value, if the family has several samples.
    pub label: Option<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

impl Family {
    fn single(name: &'static str, help: &'static str, kind: MetricKind, value: f64) -> Self {
        let samples = vec![Sample { suffix: "", label: None, value }];
        Family { name, help, kind, samples }
    }

    /// A counter with one sample.
    pub fn counter(name: &'static str, help: &'static str, value: u64) -> Self {
        Family::single(name, help, MetricKind::Counter, value as f64)
    }

    /// A gauge with one sample.
    pub fn gauge(name: &'static str, help: &'static str, value: usize) -> Self {
        Family::single(name, help, MetricKind::Gauge, value as f64)
    }

    /// A gauge of a time, in seconds.
    pub fn seconds(name: &'static str, help: &'static str, value: Duration) -> Self {
        Family::single(name, help, MetricKind::Gauge, value.as_secs_f64())
    }

    /// A family with one sample for each value of a label.
    pub fn labelled(
        name: &'static str,
        help: &'static str,
        kind: MetricKind,
        label: &'static str,
        values: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> Self {
        let sample = |(which, value): (&str, u64)| Sample {
            suffix: "",
            label: Some((label, which.to_owned())),
            value: value as f64,
        };
        Family { name, help, kind, samples: values.into_iter().map(sample).collect() }
    }
}

impl Sample {
    /// Formats the sample as a line of the text exposition format, without its newline.
    pub fn line(&self, name: &str) -> String {
        let Sample { suffix, label, value } = self;
        match label {
            Some((label, word)) => format!("{name}{suffix}{{{label}=\"{word}\"}} {value}"),
            None => format!("{name}{suffix} {value}"),
        }
    }
}

/// A histogram of durations.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [u64; BUCKETS.len()],
    count: u64,
    sum: Duration,
    longest: Duration,
}

/// The upper bounds of the buckets, in microseconds.
const BUCKETS: [u64; 10] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000];

impl Histogram {
    /// Records a duration.
    pub fn record(&mut self, took: Duration) {
        self.count += 1;
        self.sum += took;
        self.longest = self.longest.max(took);
        let micros = took.as_micros();
        if let Some(at) = BUCKETS.iter().position(|bound| micros <= u128::from(*bound)) {
            self.counts[at] += 1;
        }
    }

    /// The longest recorded duration.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The histogram as a metric family, in seconds.
    pub fn family(&self, name: &'static str, help: &'static str) -> Family {
        let mut below = 0;
        let mut samples: Vec<Sample> = BUCKETS
            .iter()
            .zip(&self.counts)
            .map(|(bound, count)| {
                below += count;
                let bound = (*bound as f64 / 1e6).to_string();
                Sample { suffix: "_bucket", label: Some(("le", bound)), value: below as f64 }
            })
            .collect();
        let count = self.count as f64;
        samples.push(Sample {
            suffix: "_bucket",
            label: Some(("le", "+Inf".into())),
            value: count,
        });
        samples.push(Sample { suffix: "_sum", label: None, value: self.sum.as_secs_f64() });
        samples.push(Sample { suffix: "_count", label: None, value: count });
        Family { name, help, kind: MetricKind::Histogram, samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_count_what_is_at_most_their_bound() {
        let mut histogram = Histogram::default();
        for micros in [1, 100, 101, 2_000_000] {
            histogram.record(Duration::from_micros(micros));
        }
        let family = histogram.family("x_seconds", "X.");
        let mut lines = String::new();
        for sample in &family.samples {
            lines += &sample.line(family.name);
            lines.push('\n');
        }
        assert!(lines.starts_with(
            "x_seconds_bucket{le=\"0.0001\"} 2\nx_seconds_bucket{le=\"0.00025\"} 3\n"
        ));
        assert!(lines.ends_with(
            "x_seconds_bucket{le=\"1\"} 3\nx_seconds_bucket{le=\"+Inf\"} 4\n\
             x_seconds_sum 2.000202\nx_seconds_count 4\n"
        ));
    }
}
