//! Latencies, recorded in a histogram of high dynamic range (HdrHistogram) with three significant
//! digits.

use hdrhistogram::Histogram;
use serde::Serialize;

/// The percentiles in a report, besides the maximum.
const SHOWN: [f64; 4] = [50.0, 90.0, 99.0, 99.9];
const SIGNIFICANT_DIGITS: u8 = 3;
/// The largest latency, longer than any run.
const NANOS_MAX: u64 = 1 << 49;

/// Recorded latencies, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Latencies {
    histogram: Histogram<u64>,
}

/// The summary of latencies, in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Percentiles {
    /// The number of latencies.
    pub count: u64,
    /// Their mean.
    pub mean_us: f64,
    /// The median.
    pub p50_us: f64,
    /// The 90th percentile.
    pub p90_us: f64,
    /// The 99th percentile.
    pub p99_us: f64,
    /// The 99.9th percentile.
    pub p99_9_us: f64,
    /// The maximum.
    pub max_us: f64,
}

impl Latencies {
    /// Creates an empty histogram.
    pub fn new() -> Self {
        // The bounds are constants, which the tests below try.
        let histogram = Histogram::new_with_bounds(1, NANOS_MAX, SIGNIFICANT_DIGITS)
            .expect("constant bounds are good");
        Latencies { histogram }
    }

    /// Records a latency.
    pub fn record(&mut self, nanos: u64) {
        self.histogram.saturating_record(nanos);
    }

    /// The percentiles; `None` if nothing was recorded.
    pub fn percentiles(&self) -> Option<Percentiles> {
        if self.histogram.is_empty() {
            return None;
        }
        let [p50_us, p90_us, p99_us, p99_9_us] =
            SHOWN.map(|percentile| micros(self.histogram.value_at_percentile(percentile)));
        Some(Percentiles {
            count: self.histogram.len(),
            mean_us: self.histogram.mean() / 1000.0,
            p50_us,
            p90_us,
            p99_us,
            p99_9_us,
            max_us: micros(self.histogram.max()),
        })
    }

    /// The latency by quantile: pairs of the rarity (1 for the fastest, 10 for the 90th percentile,
    /// 100 for the 99th) and the latency in milliseconds, up to the maximum.
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let count = self.histogram.len() as f64;
        self.histogram
            .iter_quantiles(10)
            .map(|step| {
                let rarity = 1.0 / (1.0 - step.quantile()).max(1.0 / count);
                (rarity, step.value_iterated_to() as f64 / 1e6)
            })
            .collect()
    }
}

fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_three_digits() {
        let mut latencies = Latencies::new();
        assert!(latencies.percentiles().is_none());
        for millis in 1..=1000 {
            latencies.record(millis * 1_000_000);
        }
        let found = latencies.percentiles().unwrap();
        assert_eq!(found.count, 1000);
        for (value, expected) in [
            (found.p50_us, 500_000.0),
            (found.p90_us, 900_000.0),
            (found.p99_us, 990_000.0),
            (found.p99_9_us, 999_000.0),
            (found.max_us, 1_000_000.0),
            (found.mean_us, 500_500.0),
        ] {
            assert!((value / expected - 1.0).abs() < 0.002, "{value} is not {expected}");
        }
        latencies.record(u64::MAX);
        assert_eq!(latencies.percentiles().unwrap().count, 1001);
    }

    #[test]
    fn the_curve_rises_to_the_slowest() {
        let mut latencies = Latencies::new();
        for millis in 1..=1000 {
            latencies.record(millis * 1_000_000);
        }
        let curve = latencies.curve();
        assert!(curve.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1));
        let (rarity, millis) = *curve.last().unwrap();
        assert!((rarity - 1000.0).abs() < 1e-6 && (millis - 1000.0).abs() < 2.0);
        assert!(Latencies::new().curve().len() <= 1);
    }
}
