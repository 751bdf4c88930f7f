//! Handling of HTTP connections to the metrics page.

use crate::limits::{EXCHANGE_TIME_MAX, LINGER_TIME_MAX};
use crate::server::listener::Accepted;
use crate::server::metrics::{ExchangeStep, HttpAnswer, HttpRequest, Resource, page};
use crate::server::state::Server;
use crate::server::timers::Timer;

impl Server {
    /// Accepts one HTTP connection.
    pub(super) fn accept_exchange(&mut self) {
        let Some(listener) = &self.listeners.metrics else { return };
        let socket = match listener.accept() {
            Accepted::Connection(socket, _) => socket,
            Accepted::Gone | Accepted::Forbidden(_) | Accepted::None => return,
            Accepted::Exhausted(error) => return self.rest(&error),
        };
        self.accepts_again();
        match self.http.exchanges.begin(socket, self.time.monotonic(), &self.poll) {
            Ok(number) => {
                self.time.after(EXCHANGE_TIME_MAX, Timer::Exchange(number));
            }
            Err(error) => log::warn!("event=poll-failed error={error}"),
        }
    }

    /// Continues an exchange after an event of the poll.
    pub(super) fn exchange_ready(&mut self, place: u16) {
        let (place, now) = (usize::from(place), self.time.monotonic());
        let mut step = self.http.exchanges.go_on(place, now, &self.poll);
        if let Some(ExchangeStep::Asked(request)) = step {
            let answer = self.answer_to(request);
            step = self.http.exchanges.answer(place, answer, now, &self.poll);
        }
        match step {
            Some(ExchangeStep::Waits | ExchangeStep::Asked(_)) => {}
            Some(ExchangeStep::Answered(number)) => {
                self.time.after(LINGER_TIME_MAX, Timer::Exchange(number));
            }
            None => self.close_exchange(place),
        }
    }

    /// Closes an exchange that takes too long, if it is still open.
    pub(super) fn exchange_timer(&mut self, number: u64) {
        if let Some(place) = self.http.exchanges.place_of(number) {
            self.close_exchange(place);
        }
    }

    fn close_exchange(&mut self, place: usize) {
        self.http.exchanges.close(place, &self.poll);
        self.rest_is_over();
    }

    fn answer_to(&mut self, request: HttpRequest) -> Vec<u8> {
        let answer = match request.page {
            Ok(Resource::Metrics) => HttpAnswer::metrics(page(&self.metrics())),
            Ok(Resource::Health) => HttpAnswer::health(self.ailment()),
            Err(refusal) => refusal.answer(),
        };
        answer.encode(request.is_head)
    }

    /// What is wrong with the server, for the health check; `None` if nothing is.
    fn ailment(&self) -> Option<&'static str> {
        if self.stop.is_under_way() {
            return Some("stopping");
        }
        self.store.ailment()
    }
}
