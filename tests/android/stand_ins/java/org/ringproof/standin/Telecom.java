package org.ringproof.standin;

import android.net.Uri;
import android.os.Handler;
import android.os.Looper;
import android.telecom.Call;
import android.telecom.CallScreeningService;
import java.lang.reflect.Constructor;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The phone's call handling, as far as it asks the screening app. */
public final class Telecom {
    /** It waits for an answer no longer than this and then lets the call through. */
    public static final long PATIENCE_MS = 5_000;

    private static final String SERVICE = "org.ringproof.android.CallScreening";

    private static CompletableFuture<CallScreeningService.CallResponse> waiting;
    private static Call.Details asked;

    private Telecom() {}

    /** A call comes in from this number; null: withheld. What becomes of it: see screen. */
    public static String incoming(String number) throws Exception {
        return screen(number == null ? null : "tel:" + Uri.encode(number), Call.Details.DIRECTION_INCOMING);
    }

    /** The app's user calls somebody. */
    public static String outgoing(String number) throws Exception {
        return screen("tel:" + Uri.encode(number), Call.Details.DIRECTION_OUTGOING);
    }

    /**
     * What the screening app wants to be done with a call: "allow", "silence", "disallow" or "reject"; "unasked"
     * when there is none, "late" when it did not answer in time. The service is created for the call, as Android does
     * when nothing else holds it.
     */
    public static String screen(String handle, int direction) throws Exception {
        if (!Roles.held("android.app.role.CALL_SCREENING")) {
            return "unasked";
        }
        CallScreeningService service =
                (CallScreeningService) Class.forName(SERVICE).getDeclaredConstructor().newInstance();
        Call.Details details = details(handle == null ? null : Uri.parse(handle), direction);
        CompletableFuture<CallScreeningService.CallResponse> answer = new CompletableFuture<>();
        synchronized (Telecom.class) {
            waiting = answer;
            asked = details;
        }
        new Handler(Looper.getMainLooper()).post(() -> service.onScreenCall(details));
        try {
            return word(answer.get(PATIENCE_MS, TimeUnit.MILLISECONDS));
        } catch (java.util.concurrent.TimeoutException silent) {
            return "late";
        }
    }

    /** What the service answered. */
    public static synchronized void responded(
            Call.Details details, CallScreeningService.CallResponse response) {
        if (details != asked) {
            throw new IllegalStateException("an answer about a call that nobody asked about");
        }
        waiting.complete(response);
    }

    private static String word(CallScreeningService.CallResponse response) {
        if (response.getRejectCall()) {
            return "reject";
        }
        if (response.getDisallowCall()) {
            return "disallow";
        }
        return response.getSilenceCall() ? "silence" : "allow";
    }

    private static Call.Details details(Uri handle, int direction) throws Exception {
        Constructor<Call.Details> maker = Call.Details.class.getDeclaredConstructor(Uri.class, int.class);
        maker.setAccessible(true);
        return maker.newInstance(handle, direction);
    }
}
