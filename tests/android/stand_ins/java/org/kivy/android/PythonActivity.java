package org.kivy.android;

import android.app.Activity;
import android.content.Intent;
import android.content.pm.PackageManager;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/** The part of the app's only activity that the Python modules use, without SDL. */
public class PythonActivity extends Activity {
    public static PythonActivity mActivity = new PythonActivity();

    public interface NewIntentListener {
        void onNewIntent(Intent intent);
    }

    public interface ActivityResultListener {
        void onActivityResult(int requestCode, int resultCode, Intent data);
    }

    public interface PermissionsCallback {
        void onRequestPermissionsResult(int requestCode, String[] permissions, int[] grantResults);
    }

    private final List<NewIntentListener> intentListeners =
            Collections.synchronizedList(new ArrayList<>());
    private final List<ActivityResultListener> resultListeners =
            Collections.synchronizedList(new ArrayList<>());
    private PermissionsCallback permissionsCallback;

    public void registerNewIntentListener(NewIntentListener listener) {
        intentListeners.add(listener);
    }

    public void unregisterNewIntentListener(NewIntentListener listener) {
        intentListeners.remove(listener);
    }

    public void registerActivityResultListener(ActivityResultListener listener) {
        resultListeners.add(listener);
    }

    public void unregisterActivityResultListener(ActivityResultListener listener) {
        resultListeners.remove(listener);
    }

    @Override
    protected void onNewIntent(Intent intent) {
        onResume();
        synchronized (intentListeners) {
            for (NewIntentListener listener : intentListeners) {
                listener.onNewIntent(intent);
            }
        }
    }

    /** As there: under the list's lock, so a listener that unregisters itself in here fails the loop. */
    @Override
    protected void onActivityResult(int requestCode, int resultCode, Intent intent) {
        onResume();
        synchronized (resultListeners) {
            Iterator<ActivityResultListener> iterator = resultListeners.iterator();
            while (iterator.hasNext()) {
                iterator.next().onActivityResult(requestCode, resultCode, intent);
            }
        }
    }

    public void addPermissionsCallback(PermissionsCallback callback) {
        permissionsCallback = callback;
    }

    @Override
    public void onRequestPermissionsResult(int requestCode, String[] permissions, int[] grantResults) {
        if (permissionsCallback != null) {
            permissionsCallback.onRequestPermissionsResult(requestCode, permissions, grantResults);
        }
    }

    public boolean checkCurrentPermission(String permission) {
        return checkSelfPermission(permission) == PackageManager.PERMISSION_GRANTED;
    }

    public void requestPermissionsWithRequestCode(String[] permissions, int requestCode) {
        requestPermissions(permissions, requestCode);
    }

    public void requestPermissions(String[] permissions) {
        requestPermissionsWithRequestCode(permissions, 1);
    }
}
