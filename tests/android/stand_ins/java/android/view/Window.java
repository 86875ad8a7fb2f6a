package android.view;

import android.content.Context;

public abstract class Window {
    public Window(Context context) {}

    public abstract View getDecorView();
}
