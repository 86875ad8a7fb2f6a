package org.ringproof.standin;

import android.app.Activity;
import android.content.pm.PackageManager;
import android.os.Handler;
import android.os.Looper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The manifest, what was granted, and the dialogs. A person who has refused the same permission twice is
 * never shown its dialog again: the request is refused at once, as on Android 11 and later.
 */
public final class Permissions {
    private static final Set<String> DECLARED = new LinkedHashSet<>();
    private static final Set<String> GRANTED = new HashSet<>();
    private static final Map<String, Integer> REFUSALS = new HashMap<>();
    private static final Map<String, Boolean> WILL = new HashMap<>();
    private static final List<String> SHOWN = new ArrayList<>();
    private static final List<Runnable> WAITING = new ArrayList<>();
    private static String manner = "later";
    private static int requests;

    private Permissions() {}

    static synchronized void reset() {
        DECLARED.clear();
        declare("android.permission.INTERNET");
        declare("android.permission.READ_PHONE_STATE");
        declare("android.permission.READ_CALL_LOG");
        GRANTED.clear();
        GRANTED.add("android.permission.INTERNET");
        REFUSALS.clear();
        WILL.clear();
        SHOWN.clear();
        WAITING.clear();
        manner = "later";
        requests = 0;
    }

    // --- what a test arranges

    /** The manifest names this permission. */
    public static synchronized void declare(String permission) {
        DECLARED.add(permission);
    }

    public static synchronized void undeclare(String permission) {
        DECLARED.remove(permission);
        GRANTED.remove(permission);
    }

    public static synchronized void grant(String permission) {
        GRANTED.add(permission);
    }

    public static synchronized void revoke(String permission) {
        GRANTED.remove(permission);
    }

    /** What the person will say in this permission's dialog; without it: refuse. */
    public static synchronized void person(String permission, boolean grants) {
        WILL.put(permission, grants);
    }

    /**
     * How answers come: "later" (on the main thread), "at once" (before the request returns), "interrupted"
     * (with empty lists and nothing granted), "never".
     */
    public static synchronized void answers(String how) {
        if (!Arrays.asList("later", "at once", "interrupted", "never").contains(how)) {
            throw new IllegalArgumentException(how);
        }
        manner = how;
    }

    /** Answer now what was to be answered never. */
    public static void answerWaiting() {
        List<Runnable> waiting;
        synchronized (Permissions.class) {
            waiting = new ArrayList<>(WAITING);
            WAITING.clear();
        }
        for (Runnable answer : waiting) {
            new Handler(Looper.getMainLooper()).post(answer);
            Screens.resume();
        }
    }

    // --- what a test asks

    /** The permissions whose dialogs were shown, in order. */
    public static synchronized String[] shown() {
        return SHOWN.toArray(new String[0]);
    }

    /** How often the app asked, dialogs or not. */
    public static synchronized int requests() {
        return requests;
    }

    // --- what the system does

    static synchronized String[] declared() {
        return DECLARED.toArray(new String[0]);
    }

    static synchronized boolean has(String permission) {
        return DECLARED.contains(permission) && GRANTED.contains(permission);
    }

    public static int check(String permission) {
        return has(permission) ? PackageManager.PERMISSION_GRANTED : PackageManager.PERMISSION_DENIED;
    }

    public static synchronized boolean shouldExplain(String permission) {
        return !has(permission) && REFUSALS.getOrDefault(permission, 0) == 1;
    }

    public static void request(Activity activity, String[] permissions, int code) {
        String how;
        synchronized (Permissions.class) {
            requests++;
            how = manner;
        }
        Runnable answer = () -> answer(activity, permissions, code);
        Handler main = new Handler(Looper.getMainLooper());
        if (how.equals("at once")) {
            answer.run();
        } else if (how.equals("interrupted")) {
            main.post(() -> activity.onRequestPermissionsResult(code, new String[0], new int[0]));
        } else {
            // The dialogs are a screen of their own: the app is paused behind them.
            Screens.pause();
            if (how.equals("later")) {
                main.post(answer);
                Screens.resume();
            } else {
                synchronized (Permissions.class) {
                    WAITING.add(answer);
                }
            }
        }
    }

    private static void answer(Activity activity, String[] permissions, int code) {
        int[] grants = new int[permissions.length];
        for (int index = 0; index < permissions.length; index++) {
            grants[index] = decide(permissions[index]);
        }
        activity.onRequestPermissionsResult(code, permissions, grants);
    }

    private static synchronized int decide(String permission) {
        if (DECLARED.contains(permission)
                && !GRANTED.contains(permission)
                && REFUSALS.getOrDefault(permission, 0) < 2) {
            SHOWN.add(permission);
            if (WILL.getOrDefault(permission, false)) {
                GRANTED.add(permission);
            } else {
                REFUSALS.merge(permission, 1, Integer::sum);
            }
        }
        return check(permission);
    }
}
