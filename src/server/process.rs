//! Metrics of the process from proc(5), under the names that Prometheus' client libraries use.

use std::fs;

use crate::metrics::{Family, MetricKind};

/// Reads the metrics of this process. One that the kernel does not report is 0.
pub fn metrics() -> [Family; 3] {
    [
        Family::gauge("process_open_fds", "Open file descriptors.", open_files()),
        Family::gauge(
            "process_resident_memory_bytes",
            "Memory that is in use, in bytes.",
            resident_bytes(),
        ),
        Family::labelled(
            "chatsrv_build_info",
            "Which version this is.",
            MetricKind::Gauge,
            "version",
            [(env!("CARGO_PKG_VERSION"), 1)],
        ),
    ]
}

/// The number of open file descriptors. Since Linux 6.2 the size of the folder is the number of its
/// entries, which saves listing a hundred thousand of them.
fn open_files() -> usize {
    const FOLDER: &str = "/proc/self/fd";
    let size = fs::metadata(FOLDER).map_or(0, |folder| folder.len());
    match usize::try_from(size) {
        Ok(count @ 1..) => count,
        _ => fs::read_dir(FOLDER).map_or(0, Iterator::count),
    }
}

fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_both() {
        let before = open_files();
        assert!(before >= 3, "{before}");
        assert!(resident_bytes() > 1024 * 1024);
    }
}
