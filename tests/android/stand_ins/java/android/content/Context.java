package android.content;

import android.content.pm.PackageManager;
import android.content.res.Resources;
import android.os.Handler;
import android.os.Looper;
import org.ringproof.standin.Permissions;
import org.ringproof.standin.Phone;
import org.ringproof.standin.Receivers;
import org.ringproof.standin.Screens;

public abstract class Context {
    public static final int RECEIVER_EXPORTED = 2;
    public static final int RECEIVER_NOT_EXPORTED = 4;

    private final ContentResolver resolver = new ContentResolver(this) {};
    private final Resources resources = new Resources() {};

    public Context getApplicationContext() {
        return this;
    }

    public ContentResolver getContentResolver() {
        return resolver;
    }

    public Looper getMainLooper() {
        return Looper.getMainLooper();
    }

    public PackageManager getPackageManager() {
        return Phone.packages();
    }

    public String getPackageName() {
        return Phone.PACKAGE;
    }

    public Resources getResources() {
        return resources;
    }

    public Object getSystemService(String name) {
        return Phone.systemService(name);
    }

    public int checkSelfPermission(String permission) {
        return Permissions.check(permission);
    }

    public Intent registerReceiver(BroadcastReceiver receiver, IntentFilter filter) {
        return registerReceiver(receiver, filter, null, null, 0);
    }

    public Intent registerReceiver(BroadcastReceiver receiver, IntentFilter filter, int flags) {
        return registerReceiver(receiver, filter, null, null, flags);
    }

    public Intent registerReceiver(
            BroadcastReceiver receiver, IntentFilter filter, String permission, Handler handler) {
        return registerReceiver(receiver, filter, permission, handler, 0);
    }

    public Intent registerReceiver(
            BroadcastReceiver receiver, IntentFilter filter, String permission, Handler handler, int flags) {
        Receivers.register(this, receiver, filter, permission, handler, flags);
        return null;
    }

    public void unregisterReceiver(BroadcastReceiver receiver) {
        Receivers.unregister(receiver);
    }

    public void startActivity(Intent intent) {
        Screens.start(intent, -1);
    }
}
