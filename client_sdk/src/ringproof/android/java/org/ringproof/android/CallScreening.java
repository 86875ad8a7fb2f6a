package org.ringproof.android;

import android.net.Uri;
import android.os.Build;
import android.os.SystemClock;
import android.telecom.Call;
import android.telecom.CallScreeningService;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * Silences the one expected call and tells who called; every other call passes untouched.
 *
 * <p>Android waits up to five seconds for the answer and then goes on without it, so the answer is given here, at
 * once and without asking anybody. Telling comes afterwards and on another thread: a listener that hangs costs the
 * phone nothing. A call is never rejected, because a rejected call has no ring and looks like a busy line.
 *
 * <p>The state is the process's own. A process that was ended and is started again for a call knows of no expected
 * call and lets all of them pass.
 */
public final class CallScreening extends CallScreeningService {

    /** Is told of incoming calls, one at a time, on a thread that belongs to nobody else. */
    public interface Listener {
        void onCall(Seen call);
    }

    /** One incoming call. */
    public static final class Seen {
        private final long sequence;
        private final String number;
        private final boolean silenced;
        private final long elapsedMillis;
        private final long wallMillis;

        Seen(long sequence, String number, boolean silenced) {
            this.sequence = sequence;
            this.number = number;
            this.silenced = silenced;
            this.elapsedMillis = SystemClock.elapsedRealtime();
            this.wallMillis = System.currentTimeMillis();
        }

        /** Counts the calls of this process, from 1. */
        public long getSequence() {
            return sequence;
        }

        /** As the network wrote it; null when it is withheld. */
        public String getNumber() {
            return number;
        }

        /** Whether it was the expected one, in time. */
        public boolean isSilenced() {
            return silenced;
        }

        /** When it came, on the clock that counts from the phone's start. */
        public long getElapsedMillis() {
            return elapsedMillis;
        }

        /** When it came, since 1970-01-01 UTC. */
        public long getWallMillis() {
            return wallMillis;
        }
    }

    /** The last calls that are kept for a listener that could not be told. */
    public static final int MOST_REMEMBERED = 8;

    /** No call is expected for longer, whatever is asked for. */
    public static final long LONGEST_MILLIS = 600_000;

    private static final int LONGEST_NUMBER = 64;
    private static final int MOST_WAITING = 16;
    private static final Object LOCK = new Object();
    private static final ArrayDeque<Seen> REMEMBERED = new ArrayDeque<>();
    private static final ThreadPoolExecutor TELLING = telling();

    private static Listener listener;
    private static Pattern expected;
    private static long watchUntil = Long.MIN_VALUE;
    private static long silenceUntil = Long.MIN_VALUE;
    private static long calls;

    /**
     * Tells of all incoming calls from now on, and silences none yet: what to expect is only known when the call has
     * been ordered, and by then it may already ring. What was remembered before is forgotten.
     */
    public static void watch(Listener newListener, long forMillis) {
        synchronized (LOCK) {
            forgetAll();
            listener = newListener;
            watchUntil = after(forMillis);
        }
    }

    /**
     * Silences calls whose digits fit an expression, and tells of no others any more, but for withheld ones. When
     * the time is over they are told of and no longer silenced, for as long as somebody watches.
     *
     * <p>It is matched against the whole number, reduced to ASCII digits with a plus sign before them where one was.
     * Without a listener nothing happens.
     *
     * @throws java.util.regex.PatternSyntaxException when it is no regular expression
     */
    public static void expect(String digits, long forMillis) {
        Pattern pattern = Pattern.compile(digits);
        synchronized (LOCK) {
            if (listener == null) {
                return;
            }
            expected = pattern;
            silenceUntil = after(forMillis);
            watchUntil = Math.max(watchUntil, silenceUntil);
            for (Iterator<Seen> each = REMEMBERED.iterator(); each.hasNext(); ) {
                Seen seen = each.next();
                if (seen.number != null && !fits(seen.number)) {
                    each.remove();
                }
            }
        }
    }

    /** Tells of nothing and silences nothing any more, and forgets. */
    public static void stop() {
        synchronized (LOCK) {
            forgetAll();
        }
    }

    /** The last calls that were told of, oldest first; the listener may not have been able to hear of them. */
    public static Seen[] remembered() {
        synchronized (LOCK) {
            return REMEMBERED.toArray(new Seen[0]);
        }
    }

    @Override
    public void onScreenCall(Call.Details details) {
        boolean ours = Build.VERSION.SDK_INT >= 29 && details.getCallDirection() != Call.Details.DIRECTION_OUTGOING;
        Seen seen = ours ? note(numberOf(details.getHandle())) : null;
        CallResponse.Builder response = new CallResponse.Builder();
        if (seen != null && seen.silenced) {
            response.setSilenceCall(true);
        }
        respondToCall(details, response.build());
        if (seen != null) {
            tell(seen);
        }
    }

    /** Remembers a call that somebody wants to hear of; null for all others. */
    private static Seen note(String number) {
        synchronized (LOCK) {
            long now = SystemClock.elapsedRealtime();
            if (listener == null || now >= watchUntil) {
                forgetAll();
                return null;
            }
            boolean awaited = number != null && fits(number);
            if (expected != null && number != null && !awaited) {
                return null;
            }
            calls++;
            Seen seen = new Seen(calls, number, awaited && now < silenceUntil);
            if (REMEMBERED.size() == MOST_REMEMBERED) {
                REMEMBERED.removeFirst();
            }
            REMEMBERED.addLast(seen);
            return seen;
        }
    }

    private static void tell(final Seen seen) {
        TELLING.execute(
                () -> {
                    Listener now;
                    synchronized (LOCK) {
                        now = REMEMBERED.contains(seen) ? listener : null;
                    }
                    if (now == null) {
                        return;
                    }
                    try {
                        now.onCall(seen);
                    } catch (RuntimeException deaf) {
                        // The call stays among the remembered ones; the thread must live on for the next one.
                    }
                });
    }

    private static boolean fits(String number) {
        return expected != null && expected.matcher(digitsOf(number)).matches();
    }

    /** Null when it is withheld: no handle, an empty one, or a word in the place of a number. */
    private static String numberOf(Uri handle) {
        String number = handle == null ? null : handle.getSchemeSpecificPart();
        if (number == null) {
            return null;
        }
        if (number.length() > LONGEST_NUMBER) {
            return number.substring(0, LONGEST_NUMBER + 1);
        }
        return digitsOf(number).replace("+", "").isEmpty() ? null : number;
    }

    /** People and networks write digits of many scripts, and the trunk zero in brackets behind a country code. */
    private static String digitsOf(String number) {
        if (number.length() > LONGEST_NUMBER) {
            return "";
        }
        String text = number.trim();
        boolean international = text.startsWith("+") || text.startsWith("\uff0b");
        if (international) {
            text = text.replace("(0)", "");
        }
        StringBuilder digits = new StringBuilder(international ? "+" : "");
        for (int at = 0; at < text.length(); ) {
            int character = text.codePointAt(at);
            int digit = Character.isDigit(character) ? Character.digit(character, 10) : -1;
            if (digit >= 0) {
                digits.append((char) ('0' + digit));
            }
            at += Character.charCount(character);
        }
        return digits.toString();
    }

    private static long after(long millis) {
        return SystemClock.elapsedRealtime() + Math.max(0, Math.min(millis, LONGEST_MILLIS));
    }

    private static void forgetAll() {
        listener = null;
        expected = null;
        watchUntil = Long.MIN_VALUE;
        silenceUntil = Long.MIN_VALUE;
        REMEMBERED.clear();
    }

    private static ThreadPoolExecutor telling() {
        ThreadPoolExecutor one =
                new ThreadPoolExecutor(
                        1,
                        1,
                        10,
                        TimeUnit.SECONDS,
                        new ArrayBlockingQueue<Runnable>(MOST_WAITING),
                        work -> {
                            Thread thread = new Thread(work, "ringproof-screening");
                            thread.setDaemon(true);
                            return thread;
                        },
                        new ThreadPoolExecutor.DiscardOldestPolicy());
        one.allowCoreThreadTimeOut(true);
        return one;
    }
}
