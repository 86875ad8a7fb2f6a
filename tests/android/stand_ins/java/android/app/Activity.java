package android.app;

import android.content.Context;
import android.content.Intent;
import android.content.IntentSender;
import android.os.Handler;
import android.os.Looper;
import android.view.Window;
import org.ringproof.standin.Permissions;
import org.ringproof.standin.Screens;
import org.ringproof.standin.ShownWindow;

public class Activity extends Context {
    public static final int RESULT_CANCELED = 0;
    public static final int RESULT_OK = -1;

    private final Application application = new Application();
    private final Window window = new ShownWindow(this);

    public Window getWindow() {
        return window;
    }

    public final Application getApplication() {
        return application;
    }

    public void registerActivityLifecycleCallbacks(Application.ActivityLifecycleCallbacks callbacks) {
        Screens.observe(callbacks);
    }

    public void unregisterActivityLifecycleCallbacks(Application.ActivityLifecycleCallbacks callbacks) {
        Screens.ignore(callbacks);
    }

    public final void runOnUiThread(Runnable action) {
        if (Looper.getMainLooper().isCurrentThread()) {
            action.run();
        } else {
            new Handler(Looper.getMainLooper()).post(action);
        }
    }

    public final void requestPermissions(String[] permissions, int requestCode) {
        Permissions.request(this, permissions, requestCode);
    }

    public boolean shouldShowRequestPermissionRationale(String permission) {
        return Permissions.shouldExplain(permission);
    }

    public void onRequestPermissionsResult(int requestCode, String[] permissions, int[] grantResults) {}

    public void startActivityForResult(Intent intent, int requestCode) {
        Screens.start(intent, requestCode);
    }

    public void startIntentSenderForResult(
            IntentSender sender, int requestCode, Intent fillIn, int mask, int values, int extraFlags)
            throws IntentSender.SendIntentException {
        Screens.start(sender, requestCode);
    }

    protected void onActivityResult(int requestCode, int resultCode, Intent data) {}

    protected void onNewIntent(Intent intent) {}

    protected void onResume() {}

    protected void onPause() {}
}
