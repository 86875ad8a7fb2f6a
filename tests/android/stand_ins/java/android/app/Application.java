package android.app;

import android.content.Context;
import android.os.Bundle;
import org.ringproof.standin.Screens;

public class Application extends Context {
    public interface ActivityLifecycleCallbacks {
        default void onActivityPreCreated(Activity activity, Bundle state) {}

        void onActivityCreated(Activity activity, Bundle state);

        default void onActivityPostCreated(Activity activity, Bundle state) {}

        default void onActivityPreStarted(Activity activity) {}

        void onActivityStarted(Activity activity);

        default void onActivityPostStarted(Activity activity) {}

        default void onActivityPreResumed(Activity activity) {}

        void onActivityResumed(Activity activity);

        default void onActivityPostResumed(Activity activity) {}

        default void onActivityPrePaused(Activity activity) {}

        void onActivityPaused(Activity activity);

        default void onActivityPostPaused(Activity activity) {}

        default void onActivityPreStopped(Activity activity) {}

        void onActivityStopped(Activity activity);

        default void onActivityPostStopped(Activity activity) {}

        default void onActivityPreSaveInstanceState(Activity activity, Bundle state) {}

        void onActivitySaveInstanceState(Activity activity, Bundle state);

        default void onActivityPostSaveInstanceState(Activity activity, Bundle state) {}

        default void onActivityPreDestroyed(Activity activity) {}

        void onActivityDestroyed(Activity activity);

        default void onActivityPostDestroyed(Activity activity) {}
    }

    public void registerActivityLifecycleCallbacks(ActivityLifecycleCallbacks callbacks) {
        Screens.observe(callbacks);
    }

    public void unregisterActivityLifecycleCallbacks(ActivityLifecycleCallbacks callbacks) {
        Screens.ignore(callbacks);
    }
}
