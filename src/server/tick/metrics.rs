//! The metrics of the whole process: connections, log, ticks, TLS, hub and store.

use crate::chat::answer::{Answer, Item, List};
use crate::chat::close::CloseReason;
use crate::chat::kind::Kind;
use crate::hub::input::ConnId;
use crate::metrics::{Family, MetricKind};
use crate::server::counters::ConnectionCounters;
use crate::server::hub_metrics;
use crate::server::process;
use crate::server::state::Server;

impl Server {
    /// Replies to a request for the metrics with all of them.
    pub(super) fn list_metrics(&mut self, conn: ConnId) {
        let families = self.metrics();
        let samples = families
            .iter()
            .flat_map(|family| family.samples.iter().map(move |sample| (family, sample)));
        let items = samples.map(|(family, sample)| Item::Line(sample.line(family.name).into()));
        let last = Answer::done(Kind::Dump);
        let list = List::whole(Kind::Dump, items.collect(), None, last);
        self.send_list(conn, list);
    }

    /// Writes all metrics to the log.
    pub(super) fn log_metrics(&mut self) {
        for family in self.metrics() {
            for sample in &family.samples {
                log::info!("event=figure {}", sample.line(family.name));
            }
        }
    }

    /// Reads all metrics.
    pub(super) fn metrics(&mut self) -> Vec<Family> {
        let totals = self.connections.totals();
        let counters = &self.connections.counters;
        let ConnectionCounters { accepted, bytes_in, bytes_out, spurious_wakeups, .. } = counters;
        let ticks = &self.time.ticks;
        let closes =
            CloseReason::ALL.iter().map(|why| (why.name(), counters.closed[*why as usize]));
        let mut families = vec![
            Family::counter(
                "chatsrv_connections_accepted_total",
                "Connections taken in.",
                *accepted,
            ),
            Family::gauge("chatsrv_connections", "Connections that stand.", self.connections.len()),
            Family::labelled(
                "chatsrv_connections_closed_total",
                "Connections that ended, by the reason.",
                MetricKind::Counter,
                "reason",
                closes,
            ),
            counters.refused.family(),
            Family::labelled(
                "chatsrv_network_bytes_total",
                "Bytes read from clients (in) and written to them (out).",
                MetricKind::Counter,
                "direction",
                [("in", bytes_in + totals.bytes_in), ("out", bytes_out + totals.bytes_out)],
            ),
            Family::gauge(
                "chatsrv_send_queue_bytes",
                "Bytes that wait to be written to all clients.",
                totals.waiting,
            ),
            Family::gauge(
                "chatsrv_send_queue_largest_bytes",
                "Bytes that wait to be written to the client for whom most wait.",
                totals.waiting_most,
            ),
            Family::counter(
                "chatsrv_turns_without_progress_total",
                "Events of a connection that changed nothing.",
                *spurious_wakeups,
            ),
            Family::counter(
                "chatsrv_log_lines_lost_total",
                "Lines of the log that nobody took, and that were dropped.",
                crate::log::lines_lost(),
            ),
            ticks.family("chatsrv_tick_seconds", "How long the loop was busy for one wake-up."),
            Family::seconds(
                "chatsrv_tick_longest_seconds",
                "The longest that the loop was busy for one wake-up.",
                ticks.longest(),
            ),
        ];
        families.extend(self.tls.iter().flat_map(|tls| tls.metrics(totals.tls)));
        families.extend(self.http.browsers.metrics());
        families.extend(process::metrics());
        families.extend(hub_metrics::families(&self.hub));
        families.extend(self.store.metrics());
        families
    }
}
