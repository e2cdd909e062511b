//! Many servers at once. Knows none of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What `ask` says of each of `all`, in their order; of `most` at once, as far as there are threads to be had.
pub(crate) fn at_once<T: Sync, Answer: Send>(
    all: &[T],
    most: usize,
    ask: impl Fn(&T) -> Answer + Sync,
) -> Vec<Answer> {
    let answers = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = all.get(index) else { break };
            let answer = ask(one);
            answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(index, answer);
        }
    };
    thread::scope(|scope| {
        for _ in 1..all.len().min(most) {
            // Where no more threads are to be had, those that are there take the rest.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    answers
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_values()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_questions_and_no_more_than_allowed_are_asked_at_once() {
        let asking = AtomicUsize::new(0);
        let most_seen = AtomicUsize::new(0);
        let all: Vec<u64> = (0..40).collect();
        let answers = at_once(&all, 4, |number| {
            most_seen.fetch_max(asking.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(std::time::Duration::from_millis(5 - number % 5));
            asking.fetch_sub(1, Ordering::SeqCst);
            number * 2
        });
        assert_eq!(
            answers,
            all.iter().map(|number| number * 2).collect::<Vec<_>>()
        );
        assert_eq!(most_seen.into_inner(), 4);
        assert_eq!(at_once(&[0_u64; 0], 4, |number| *number), [0_u64; 0]);
        assert_eq!(at_once(&[1, 2], 0, |number| *number), [1, 2]);
    }
}
