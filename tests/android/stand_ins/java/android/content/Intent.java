package android.content;

import android.net.Uri;
import android.os.Bundle;
import android.os.Parcelable;

public class Intent implements Parcelable {
    public static final String ACTION_VIEW = "android.intent.action.VIEW";
    public static final int FLAG_ACTIVITY_NEW_TASK = 0x10000000;

    private String action;
    private Uri data;
    private String target;
    private ComponentName component;
    private int flags;
    private Bundle extras;

    public Intent() {}

    public Intent(String action) {
        this.action = action;
    }

    public Intent(String action, Uri data) {
        this.action = action;
        this.data = data;
    }

    public Intent(Intent other) {
        action = other.action;
        data = other.data;
        target = other.target;
        component = other.component;
        flags = other.flags;
        extras = other.extras == null ? null : new Bundle(other.extras);
    }

    public String getAction() {
        return action;
    }

    public Intent setAction(String action) {
        this.action = action;
        return this;
    }

    public Uri getData() {
        return data;
    }

    public Intent setData(Uri data) {
        this.data = data;
        return this;
    }

    public String getPackage() {
        return target;
    }

    public Intent setPackage(String packageName) {
        target = packageName;
        return this;
    }

    public ComponentName getComponent() {
        return component;
    }

    public Intent setComponent(ComponentName component) {
        this.component = component;
        return this;
    }

    public int getFlags() {
        return flags;
    }

    public Intent addFlags(int flags) {
        this.flags |= flags;
        return this;
    }

    public Bundle getExtras() {
        return extras == null ? null : new Bundle(extras);
    }

    public boolean hasExtra(String name) {
        return extras != null && extras.containsKey(name);
    }

    public String getStringExtra(String name) {
        return extras == null ? null : extras.getString(name);
    }

    public int getIntExtra(String name, int other) {
        return extras == null ? other : extras.getInt(name, other);
    }

    public <T extends Parcelable> T getParcelableExtra(String name) {
        return extras == null ? null : extras.<T>getParcelable(name);
    }

    private Bundle own() {
        if (extras == null) {
            extras = new Bundle();
        }
        return extras;
    }

    public Intent putExtra(String name, String value) {
        own().putString(name, value);
        return this;
    }

    public Intent putExtra(String name, int value) {
        own().putInt(name, value);
        return this;
    }

    public Intent putExtra(String name, Parcelable value) {
        own().putParcelable(name, value);
        return this;
    }
}
