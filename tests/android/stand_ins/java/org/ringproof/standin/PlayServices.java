package org.ringproof.standin;

import android.app.PendingIntent;
import android.content.ComponentName;
import android.content.Intent;
import android.os.Handler;
import android.os.Looper;
import com.google.android.gms.auth.api.identity.GetPhoneNumberHintIntentRequest;
import com.google.android.gms.auth.api.identity.SignInClient;
import com.google.android.gms.auth.api.phone.SmsRetriever;
import com.google.android.gms.auth.api.phone.SmsRetrieverClient;
import com.google.android.gms.common.api.ApiException;
import com.google.android.gms.common.api.Status;
import com.google.android.gms.tasks.OnCompleteListener;
import com.google.android.gms.tasks.Task;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Google Play services, as far as they read messages and know numbers: one message per start, five minutes long,
 * and broadcasts that hold the sender's permission. Tasks end as a test says.
 */
public final class PlayServices {
    public static final String PACKAGE = "com.google.android.gms";
    public static final long PATIENCE_MS = 5 * 60_000;
    public static final int TIMEOUT = 15;

    private static final Map<String, Integer> REFUSED = new HashMap<>();
    private static final Map<String, Integer> STARTS = new HashMap<>();
    private static final List<Runnable> WAITING = new ArrayList<>();
    private static String manner = "later";
    private static String running;
    private static long since;
    private static String hash;
    private static String message;
    private static String ownNumber;

    private PlayServices() {}

    public static synchronized void reset() {
        REFUSED.clear();
        STARTS.clear();
        WAITING.clear();
        manner = "later";
        running = null;
        hash = null;
        message = null;
        ownNumber = null;
    }

    // --- what a test arranges

    /** How tasks end: "later" (on the main thread), "at once" (while the listener is added), "never". */
    public static synchronized void answers(String how) {
        manner = how;
    }

    /** "retriever", "consent" or "hint" fails with a status; 0: it does not, -1: with a fault without one. */
    public static synchronized void refuse(String what, int status) {
        REFUSED.put(what, status);
    }

    /** The hash that marks this app's messages. */
    public static synchronized void appHash(String elevenCharacters) {
        hash = elevenCharacters;
    }

    /** What is in the phone's SIM card; null: nothing. */
    public static synchronized void ownNumber(String number) {
        ownNumber = number;
    }

    /** End now the tasks that end never. */
    public static void endTasks() {
        List<Runnable> waiting;
        synchronized (PlayServices.class) {
            waiting = new ArrayList<>(WAITING);
            WAITING.clear();
        }
        for (Runnable each : waiting) {
            new Handler(Looper.getMainLooper()).post(each);
        }
    }

    /** How often one of the services was started. */
    public static synchronized int starts(String what) {
        return STARTS.getOrDefault(what, 0);
    }

    /** Which of them waits for a message now: "retriever", "consent" or null. */
    public static synchronized String running() {
        return Phone.elapsedMs() - since < PATIENCE_MS ? running : null;
    }

    /** The phone gets a message; how many receivers were told of it. */
    public static int sms(String text) {
        Intent intent = broadcast(0);
        synchronized (PlayServices.class) {
            String now = running();
            boolean small = text.getBytes(StandardCharsets.UTF_8).length <= 140;
            if ("retriever".equals(now) && small && hash != null && text.contains(hash)) {
                intent.putExtra(SmsRetriever.EXTRA_SMS_MESSAGE, text);
            } else if ("consent".equals(now)) {
                message = text;
                intent.putExtra(SmsRetriever.EXTRA_CONSENT_INTENT, consent(PACKAGE));
            } else {
                return 0;
            }
            running = null;
        }
        return Receivers.fromApp(intent, SmsRetriever.SEND_PERMISSION);
    }

    /** The five minutes are over, or something else that ends the waiting. */
    public static int fail(int status) {
        synchronized (PlayServices.class) {
            running = null;
        }
        return Receivers.fromApp(broadcast(status), SmsRetriever.SEND_PERMISSION);
    }

    /** An otherwise empty broadcast with a status. */
    public static Intent broadcast(int status) {
        return new Intent(SmsRetriever.SMS_RETRIEVED_ACTION)
                .putExtra(SmsRetriever.EXTRA_STATUS, new Status(status));
    }

    /** The dialog that asks the person whether the app may read this one message. */
    public static Intent consent(String owner) {
        return new Intent()
                .setComponent(
                        new ComponentName(owner, PACKAGE + ".auth.api.phone.ui.UserConsentPromptActivity"));
    }

    /** What the dialog gives back after a yes. */
    public static synchronized Intent consented() {
        return new Intent().putExtra(SmsRetriever.EXTRA_SMS_MESSAGE, message);
    }

    // --- what the services do

    public static SmsRetrieverClient smsClient() {
        return new SmsRetrieverClient() {
            @Override
            public Task<Void> startSmsRetriever() {
                return start("retriever");
            }

            @Override
            public Task<Void> startSmsUserConsent(String senderAddress) {
                return start("consent");
            }
        };
    }

    public static SignInClient signInClient() {
        return new SignInClient() {
            @Override
            public Task<PendingIntent> getPhoneNumberHintIntent(GetPhoneNumberHintIntentRequest request) {
                STARTS.merge("hint", 1, Integer::sum);
                return new Ending<>(fault("hint"), new PendingIntent());
            }

            @Override
            public String getPhoneNumberFromIntent(Intent data) throws ApiException {
                if (data == null || ownNumber == null) {
                    throw new ApiException(new Status(16));
                }
                return ownNumber;
            }
        };
    }

    private static synchronized Task<Void> start(String what) {
        STARTS.merge(what, 1, Integer::sum);
        Exception fault = fault(what);
        if (fault == null) {
            running = what;
            since = Phone.elapsedMs();
        }
        return new Ending<>(fault, null);
    }

    private static synchronized Exception fault(String what) {
        int status = REFUSED.getOrDefault(what, 0);
        if (status == 0) {
            return null;
        }
        return status < 0 ? new IllegalStateException("no services") : new ApiException(new Status(status));
    }

    private static final class Ending<T> extends Task<T> {
        private final Exception fault;
        private final T result;

        Ending(Exception fault, T result) {
            this.fault = fault;
            this.result = result;
        }

        @Override
        public boolean isSuccessful() {
            return fault == null;
        }

        @Override
        public T getResult() {
            if (fault != null) {
                throw new IllegalStateException("the task has failed");
            }
            return result;
        }

        @Override
        public Exception getException() {
            return fault;
        }

        @Override
        public Task<T> addOnCompleteListener(OnCompleteListener<T> listener) {
            end(() -> listener.onComplete(this));
            return this;
        }

        private static void end(Runnable tell) {
            synchronized (PlayServices.class) {
                if (manner.equals("never")) {
                    WAITING.add(tell);
                    return;
                }
            }
            if (manner.equals("at once")) {
                tell.run();
            } else {
                new Handler(Looper.getMainLooper()).post(tell);
            }
        }
    }
}
