//! Times in a person's words. Reads no clock.

use std::time::{Duration, SystemTime};

/// A span of time in the largest unit that fits: `3 days`.
pub(crate) fn span(from: SystemTime, to: SystemTime) -> String {
    let seconds = to.duration_since(from).unwrap_or_default().as_secs();
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86400 => (seconds / 3600, "hour"),
        _ => (seconds / 86400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// A moment as people write it, in UTC.
pub(crate) fn date(time: SystemTime) -> String {
    // The last second that four digits of a year can show; a token may claim any number.
    let latest = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    humantime::format_rfc3339_seconds(time.min(latest)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_however_far_away_it_is() {
        let cases = [
            (1_795_392_000, "2026-11-23T00:00:00Z"),
            (9_000_000_000_000, "9999-12-31T23:59:59Z"),
        ];
        for (seconds, shown) in cases {
            assert_eq!(
                date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
                shown
            );
        }
    }

    #[test]
    fn a_span_is_told_in_the_largest_unit_that_fits() {
        let cases = [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "1 minute"),
            (7200, "2 hours"),
            (200_000, "2 days"),
        ];
        for (seconds, told) in cases {
            let begin = SystemTime::UNIX_EPOCH;
            assert_eq!(span(begin, begin + Duration::from_secs(seconds)), told);
        }
    }
}
