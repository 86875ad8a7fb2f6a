package org.ringproof.standin;

import android.content.BroadcastReceiver;
import android.content.Context;
import android.content.Intent;
import android.content.IntentFilter;
import android.os.Build;
import android.os.Handler;
import android.os.Looper;
import android.telephony.TelephonyManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Receivers registered in code, and who may send them what. */
public final class Receivers {
    /** Broadcasts that only the system can send, as far as the app could want them. */
    private static final Set<String> PROTECTED =
            new HashSet<>(
                    Arrays.asList(
                            TelephonyManager.ACTION_PHONE_STATE_CHANGED,
                            "android.intent.action.SCREEN_ON",
                            "android.intent.action.SCREEN_OFF"));

    private static final List<Registered> ALL = new ArrayList<>();

    private static final class Registered {
        Context context;
        BroadcastReceiver receiver;
        IntentFilter filter;
        String senderMustHold;
        Handler handler;
        int flags;
    }

    private Receivers() {}

    static synchronized void reset() {
        ALL.clear();
    }

    // --- what a test does

    /**
     * One copy of a change of the phone's state; number null: without the extra. An app without the
     * permission for a copy does not get it.
     */
    public static void phoneState(String state, String number) {
        if (!Permissions.has("android.permission.READ_PHONE_STATE")) {
            return;
        }
        Intent intent = new Intent(TelephonyManager.ACTION_PHONE_STATE_CHANGED);
        intent.putExtra(TelephonyManager.EXTRA_STATE, state);
        // From Android 9 on the number is for those only who may read the log; before, it came to all.
        if (number != null
                && Build.VERSION.SDK_INT >= 28
                && !Permissions.has("android.permission.READ_CALL_LOG")) {
            return;
        }
        if (number != null) {
            intent.putExtra(TelephonyManager.EXTRA_INCOMING_NUMBER, number);
        }
        deliver(intent, null, true);
    }

    /** A broadcast by the system itself. */
    public static int fromSystem(Intent intent) {
        return deliver(intent, null, true);
    }

    /** A broadcast by another app, which holds this permission (null: none); how many got it. */
    public static int fromApp(Intent intent, String senderHolds) {
        if (PROTECTED.contains(intent.getAction())) {
            throw new SecurityException("Permission Denial: not allowed to send " + intent.getAction());
        }
        return deliver(intent, senderHolds, false);
    }

    public static synchronized int count() {
        return ALL.size();
    }

    /** How many receivers listen for an action. */
    public static synchronized int count(String action) {
        int found = 0;
        for (Registered each : ALL) {
            found += each.filter.hasAction(action) ? 1 : 0;
        }
        return found;
    }

    // --- what the system does

    public static synchronized void register(
            Context context,
            BroadcastReceiver receiver,
            IntentFilter filter,
            String senderMustHold,
            Handler handler,
            int flags) {
        boolean exported = (flags & Context.RECEIVER_EXPORTED) != 0;
        boolean hidden = (flags & Context.RECEIVER_NOT_EXPORTED) != 0;
        if (exported && hidden) {
            throw new IllegalArgumentException("Receiver can't specify both exported and not exported");
        }
        boolean ruled =
                Build.VERSION.SDK_INT >= Phone.FIRST_BROADCAST_RULE
                        && Phone.target() >= Phone.FIRST_BROADCAST_RULE;
        if (ruled && !exported && !hidden && !onlySystem(filter)) {
            throw new SecurityException(
                    Phone.PACKAGE
                            + ": One of RECEIVER_EXPORTED or RECEIVER_NOT_EXPORTED should be specified when a"
                            + " receiver isn't being registered exclusively for system broadcasts");
        }
        Registered entry = new Registered();
        entry.context = context;
        entry.receiver = receiver;
        entry.filter = filter;
        entry.senderMustHold = senderMustHold;
        entry.handler = handler != null ? handler : new Handler(Looper.getMainLooper());
        entry.flags = flags;
        ALL.add(entry);
    }

    public static synchronized void unregister(BroadcastReceiver receiver) {
        if (!ALL.removeIf(each -> each.receiver == receiver)) {
            throw new IllegalArgumentException("Receiver not registered: " + receiver);
        }
    }

    private static boolean onlySystem(IntentFilter filter) {
        for (int index = 0; index < filter.countActions(); index++) {
            if (!PROTECTED.contains(filter.getAction(index))) {
                return false;
            }
        }
        return true;
    }

    private static int deliver(Intent intent, String senderHolds, boolean system) {
        List<Registered> wanted = new ArrayList<>();
        synchronized (Receivers.class) {
            for (Registered each : ALL) {
                boolean open = system || (each.flags & Context.RECEIVER_NOT_EXPORTED) == 0;
                boolean trusted =
                        system || each.senderMustHold == null || each.senderMustHold.equals(senderHolds);
                if (open && trusted && each.filter.hasAction(intent.getAction())) {
                    wanted.add(each);
                }
            }
        }
        int reached = 0;
        for (Registered each : wanted) {
            Runnable hand = () -> each.receiver.onReceive(each.context, new Intent(intent));
            reached += each.handler.post(hand) ? 1 : 0;
        }
        return reached;
    }
}
