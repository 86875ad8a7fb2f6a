package org.ringproof.standin;

import android.app.Activity;
import android.app.Application;
import android.content.ActivityNotFoundException;
import android.content.Intent;
import android.os.Handler;
import android.os.Looper;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.kivy.android.PythonActivity;

/** The app's activity on the screen: its life, and the other screens that it opens for an answer. */
public final class Screens {
    private static final List<Application.ActivityLifecycleCallbacks> WATCHERS = new ArrayList<>();
    private static final List<Started> STARTED = new ArrayList<>();
    private static boolean missing;

    private static final class Started {
        Object what;
        int code;
    }

    private Screens() {}

    static synchronized void reset() {
        // Who watches the activity's life stays: a second JVM's worth of tests shares the process.
        STARTED.clear();
        missing = false;
    }

    // --- what a test does

    public static void resume() {
        tell(watcher -> watcher.onActivityResumed(PythonActivity.mActivity));
    }

    public static void pause() {
        tell(watcher -> watcher.onActivityPaused(PythonActivity.mActivity));
    }

    /** No app of this phone can show what is asked for. */
    public static synchronized void setMissing(boolean yes) {
        missing = yes;
    }

    /** How many screens were opened since the last reset. */
    public static synchronized int startedCount() {
        return STARTED.size();
    }

    /** What was opened, an Intent or an IntentSender; the last one has index count - 1. */
    public static synchronized Object started(int index) {
        return STARTED.get(index).what;
    }

    /** With which request code; -1: without wanting an answer. */
    public static synchronized int startedCode(int index) {
        return STARTED.get(index).code;
    }

    /** The opened screen ends with a result, which comes on the main thread. */
    public static void answer(int requestCode, int resultCode, Intent data) {
        new Handler(Looper.getMainLooper()).post(() -> deliver(requestCode, resultCode, data));
    }

    public static synchronized int watchers() {
        return WATCHERS.size();
    }

    // --- what the system does

    public static synchronized void observe(Application.ActivityLifecycleCallbacks watcher) {
        WATCHERS.add(watcher);
    }

    public static synchronized void ignore(Application.ActivityLifecycleCallbacks watcher) {
        WATCHERS.remove(watcher);
    }

    public static synchronized void start(Object what, int code) {
        if (missing) {
            throw new ActivityNotFoundException("No Activity found to handle it");
        }
        Started entry = new Started();
        entry.what = what;
        entry.code = code;
        STARTED.add(entry);
    }

    private static void tell(Consumer<Application.ActivityLifecycleCallbacks> news) {
        List<Application.ActivityLifecycleCallbacks> watchers;
        synchronized (Screens.class) {
            watchers = new ArrayList<>(WATCHERS);
        }
        Handler main = new Handler(Looper.getMainLooper());
        for (Application.ActivityLifecycleCallbacks watcher : watchers) {
            main.post(() -> news.accept(watcher));
        }
    }

    private static void deliver(int requestCode, int resultCode, Intent data) {
        try {
            Method method =
                    Activity.class.getDeclaredMethod(
                            "onActivityResult", int.class, int.class, Intent.class);
            method.setAccessible(true);
            method.invoke(PythonActivity.mActivity, requestCode, resultCode, data);
        } catch (InvocationTargetException fault) {
            Phone.crashed(fault.getCause());
        } catch (ReflectiveOperationException never) {
            throw new AssertionError(never);
        }
    }
}
