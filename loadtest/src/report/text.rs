//! Formats a report as text.

use std::fmt;

use super::record::{
    DownloadReport, Environment, Failures, Login, Population, Report, Sending, Settings,
    TrafficReport,
};
use crate::ledger::Faults;
use crate::meter::{Cpu, ServerUse};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_setting(self, f)?;
        write_latencies(self, f)?;
        write_counts(self, f)?;
        write_use(self, f)?;
        write_faults(self, f)
    }
}

fn write_setting(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Environment { version, command, server, machine, limits } = &report.environment;
    writeln!(f, "command   {command}")?;
    writeln!(f, "version   loadtest {version}, server {}", server.greeting)?;
    let tls = if report.options.tls { ", TLS" } else { "" };
    writeln!(f, "server    {}{tls}", server.address)?;
    writeln!(f, "machine   {machine}")?;
    let logins = report.options.logins;
    writeln!(f, "limits    {} open files, {logins} logins at once", limits.open_files)?;
    let Population { clients, sessions } = report.options.population;
    let Settings { senders, direct, groups, group_size, .. } = report.options;
    let Sending { rate, window, payload_bytes } = report.options.sending;
    write!(f, "load      {clients} clients, ")?;
    if sessions > 1 {
        write!(f, "{sessions} sessions each, ")?;
    }
    write!(f, "{senders} of them send {payload_bytes} bytes, ")?;
    match (rate, window.unwrap_or(1)) {
        (Some(rate), _) => writeln!(f, "{rate} broadcasts a second")?,
        (None, window) if direct => writeln!(f, "each to one other, {window} under way")?,
        (None, window) if groups > 0 => {
            writeln!(f, "to {groups} groups of {group_size}, {window} under way")?;
        }
        (None, window) => writeln!(f, "{window} broadcasts under way")?,
    }
    writeln!(f, "login     {}", report.login)?;
    match &report.resume {
        Some(resume) => writeln!(f, "by token  {resume}"),
        None => Ok(()),
    }
}

fn write_latencies(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "\nlatency in ms    {:>9} {:>9} {:>9} {:>9} {:>9} {:>10}",
        "p50", "p90", "p99", "p99.9", "max", "count"
    )?;
    for (name, percentiles) in [
        ("each receiver", &report.latency.delivery),
        ("  downloading", &report.latency.delivery_to_downloader),
        ("last receiver", &report.latency.last_receiver),
        ("confirmation", &report.latency.confirmation),
        ("sent late by", &report.latency.sent_late),
    ] {
        let Some(found) = percentiles else { continue };
        write!(f, "{name:<16}")?;
        for micros in [found.p50_us, found.p90_us, found.p99_us, found.p99_9_us, found.max_us] {
            write!(f, " {:>9.3}", micros / 1000.0)?;
        }
        writeln!(f, " {:>10}", found.count)?;
    }
    Ok(())
}

fn write_counts(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let TrafficReport { seconds, measured_deliveries, deliveries_per_second, foreign, .. } =
        report.traffic;
    writeln!(
        f,
        "\nreceived  {measured_deliveries} messages in {seconds:.2} s: \
         {deliveries_per_second:.0} a second"
    )?;
    if foreign > 0 {
        writeln!(f, "          and {foreign} messages of others")?;
    }
    if let Some(DownloadReport { tally, bytes_per_second }) = &report.downloads {
        writeln!(
            f,
            "download  {} files, {} bytes in all: {:.1} MB a second",
            tally.completed,
            tally.bytes,
            bytes_per_second / 1e6
        )?;
    }
    Ok(())
}

fn write_use(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(ServerUse { pid, rss_bytes, cpu, threads }) = &report.server_process {
        let mebibytes = *rss_bytes as f64 / f64::from(1 << 20);
        writeln!(f, "process   server {pid}: {cpu}, {mebibytes:.1} MiB in the end")?;
        for thread in threads {
            writeln!(f, "          its thread {}: {}", thread.name, thread.cpu)?;
        }
    }
    if let Some(cpu) = &report.own_process {
        writeln!(f, "          loadtest: {cpu}")?;
    }
    Ok(())
}

fn write_faults(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Faults { lost, doubled, misordered, corrupt, stray } = report.faults;
    write!(f, "faults    lost {lost}, doubled {doubled}, out of order {misordered}")?;
    writeln!(f, ", damaged {corrupt}, astray {stray}")?;
    let Failures { connections, refused, unsent, downloads, reasons } = &report.failures;
    if connections + reasons.len() > 0 || refused + unsent + downloads > 0 {
        write!(f, "failures  {connections} connections, {refused} messages refused")?;
        writeln!(f, ", {unsent} not sent, {downloads} downloads")?;
    }
    for reason in reasons {
        writeln!(f, "          {reason}")?;
    }
    if !report.is_clean() {
        for line in &report.environment.server.log {
            writeln!(f, "log       {line}")?;
        }
    }
    if report.interrupted {
        writeln!(f, "The run was interrupted.")?;
    }
    Ok(())
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all in {:.2} s", self.seconds)?;
        if self.retries > 0 {
            write!(f, ", {} retries", self.retries)?;
        }
        let Some(used) = &self.server_use else { return Ok(()) };
        write!(f, "; the server: {:.3} s of CPU time, ", used.cpu_seconds)?;
        let [micros, bytes] = [used.cpu_us_per_client, used.rss_bytes_per_client];
        write!(f, "{micros:.1} us and {bytes:.0} bytes of memory each")
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(micros) = self.cpu_us_per_delivery {
            write!(f, "{micros:.3} us of CPU time a message, ")?;
        }
        if let Some(seconds) = self.cpu_seconds_per_gigabyte {
            write!(f, "{seconds:.4} s a gigabyte, ")?;
        }
        write!(f, "{:.0} % of a processor", self.cpu_share * 100.0)
    }
}
