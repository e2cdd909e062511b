//! Many servers at once. Knows none of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// What `ask` says of each of `all`, in their order; `most` at once, as far as there are threads to be had. `None` for those
/// whose turn had not come by the time `until`.
pub(crate) fn at_once<T: Sync, Answer: Send>(
    all: &[T],
    most: usize,
    until: Option<Instant>,
    ask: impl Fn(&T) -> Answer + Sync,
) -> Vec<Option<Answer>> {
    let answers = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = all.get(index) else { break };
            if until.is_some_and(|until| Instant::now() >= until) {
                break;
            }
            let answer = ask(one);
            answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(index, answer);
        }
    };
    thread::scope(|scope| {
        for _ in 1..all.len().min(most) {
            // Where no more threads are to be had, the others take the rest.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    (0..all.len()).map(|index| answers.remove(&index)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Option<Instant> {
        Some(Instant::now() + Duration::from_secs(60))
    }

    #[test]
    fn answers_come_in_the_order_of_the_questions_and_no_more_than_allowed_are_asked_at_once() {
        let asking = AtomicUsize::new(0);
        let most_seen = AtomicUsize::new(0);
        let all: Vec<u64> = (0..40).collect();
        let answers = at_once(&all, 4, soon(), |number| {
            most_seen.fetch_max(asking.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(5 - number % 5));
            asking.fetch_sub(1, Ordering::SeqCst);
            number * 2
        });
        let wanted: Vec<_> = all.iter().map(|number| Some(number * 2)).collect();
        assert_eq!(answers, wanted);
        assert_eq!(most_seen.into_inner(), 4);
        assert_eq!(at_once(&[0_u64; 0], 4, soon(), |number| *number), []);
        assert_eq!(
            at_once(&[1, 2], 0, soon(), |number| *number),
            [Some(1), Some(2)]
        );
    }

    #[test]
    fn whoever_has_no_turn_by_the_end_is_not_asked() {
        let all: Vec<u64> = (0..100).collect();
        let until = Some(Instant::now() + Duration::from_millis(100));
        let answers = at_once(&all, 2, until, |number| {
            thread::sleep(Duration::from_millis(60));
            *number
        });
        assert_eq!(
            (answers[0], answers[1], answers[99]),
            (Some(0), Some(1), None)
        );
        assert_eq!(
            at_once(&all, 2, Some(Instant::now()), |number| *number),
            [None; 100]
        );
    }
}
