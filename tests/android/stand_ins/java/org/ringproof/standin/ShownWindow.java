package org.ringproof.standin;

import android.content.Context;
import android.view.View;
import android.view.Window;

/** The window of an activity. */
public final class ShownWindow extends Window {
    private final View decor;

    public ShownWindow(Context context) {
        super(context);
        decor = new View(context);
    }

    @Override
    public View getDecorView() {
        return decor;
    }
}
