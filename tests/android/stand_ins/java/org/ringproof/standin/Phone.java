package org.ringproof.standin;

import android.content.pm.PackageInfo;
import android.content.pm.PackageManager;
import android.os.Build;
import android.os.Handler;
import android.os.HandlerThread;
import android.os.Looper;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The phone under test: its version, its clock, its threads. Everything starts over with reset(). */
public final class Phone {
    public static final String PACKAGE = "org.example.app";
    public static final int FIRST_BROADCAST_RULE = 34;

    private static final List<String> CRASHES = new ArrayList<>();
    private static final Map<String, Object> SERVICES = new HashMap<>();
    private static final Set<String> FEATURES = new HashSet<>();
    private static int target;
    private static Long frozenAt;

    private Phone() {}

    public static synchronized void reset() {
        CRASHES.clear();
        SERVICES.clear();
        FEATURES.clear();
        FEATURES.add(PackageManager.FEATURE_TELEPHONY);
        frozenAt = null;
        target = 35;
        Build.VERSION.SDK_INT = 35;
        Permissions.reset();
        Receivers.reset();
        CallLogTable.reset();
        Screens.reset();
        Roles.reset();
        Signing.reset();
        PlayServices.reset();
    }

    // --- what it is

    public static void setSdk(int version) {
        Build.VERSION.SDK_INT = version;
    }

    /** The API level that the app was built for. */
    public static synchronized void setTarget(int version) {
        target = version;
    }

    public static synchronized int target() {
        return target;
    }

    public static synchronized void setFeature(String name, boolean present) {
        if (present) {
            FEATURES.add(name);
        } else {
            FEATURES.remove(name);
        }
    }

    public static synchronized boolean hasFeature(String name) {
        return FEATURES.contains(name);
    }

    /** What getSystemService answers; without it a class Service_NAME of this package is tried. */
    public static synchronized void provide(String name, Object service) {
        SERVICES.put(name, service);
    }

    public static synchronized Object systemService(String name) {
        if (!SERVICES.containsKey(name)) {
            try {
                Class<?> kind = Class.forName("org.ringproof.standin.Service_" + name);
                SERVICES.put(name, kind.getDeclaredConstructor().newInstance());
            } catch (ReflectiveOperationException none) {
                return null;
            }
        }
        return SERVICES.get(name);
    }

    public static PackageManager packages() {
        return new Packages();
    }

    // --- time

    /** From now on the clock stands still until it is set or moved. */
    public static synchronized void setClock(long elapsedMs) {
        frozenAt = elapsedMs;
    }

    public static synchronized void moveClock(long ms) {
        frozenAt = elapsedMs() + ms;
    }

    public static synchronized long elapsedMs() {
        return frozenAt != null ? frozenAt : System.nanoTime() / 1_000_000;
    }

    // --- threads

    /** Return when every thread with a looper (or all but the main one) has done what it had been given. */
    public static void settle(boolean withMain) {
        List<HandlerThread> threads = loopers();
        CountDownLatch latch = new CountDownLatch(threads.size() + 1);
        if (withMain) {
            new Handler(Looper.getMainLooper()).post(latch::countDown);
        } else {
            latch.countDown();
        }
        for (HandlerThread thread : threads) {
            Looper looper = thread.getLooper();
            if (looper == null || !new Handler(looper).post(latch::countDown)) {
                latch.countDown();
            }
        }
        try {
            if (!latch.await(30, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a thread of the app is stuck");
            }
        } catch (InterruptedException stop) {
            throw new IllegalStateException(stop);
        }
    }

    /** How many threads with a looper live, the main one not counted. */
    public static int looperCount() {
        return loopers().size();
    }

    private static List<HandlerThread> loopers() {
        List<HandlerThread> found = new ArrayList<>();
        Thread main = Looper.getMainLooper().getThread();
        Thread[] threads = new Thread[Thread.activeCount() + 50];
        int count = Thread.enumerate(threads);
        for (int index = 0; index < count; index++) {
            if (threads[index] instanceof HandlerThread && threads[index] != main) {
                found.add((HandlerThread) threads[index]);
            }
        }
        return found;
    }

    /** An exception left a callback: a phone would have ended the app. */
    public static synchronized void crashed(Throwable fault) {
        CRASHES.add(fault.toString());
    }

    public static synchronized String[] crashes() {
        return CRASHES.toArray(new String[0]);
    }

    private static final class Packages extends PackageManager {
        @Override
        public boolean hasSystemFeature(String name) {
            return hasFeature(name);
        }

        @Override
        public PackageInfo getPackageInfo(String packageName, int flags) throws NameNotFoundException {
            if (!PACKAGE.equals(packageName)) {
                throw new NameNotFoundException(packageName);
            }
            PackageInfo info = new PackageInfo();
            info.packageName = packageName;
            info.requestedPermissions = (flags & GET_PERMISSIONS) == 0 ? null : Permissions.declared();
            info.signatures = (flags & GET_SIGNATURES) == 0 ? null : Signing.signatures();
            return info;
        }
    }
}
