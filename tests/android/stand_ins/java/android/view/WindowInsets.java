package android.view;

import android.graphics.Insets;
import org.ringproof.standin.Looks;

public final class WindowInsets {
    WindowInsets() {}

    /** Since API 30. */
    public Insets getInsets(int typeMask) {
        if (typeMask != (Type.systemBars() | Type.displayCutout())) {
            throw new IllegalArgumentException("these are not the bars and the cut-outs");
        }
        return Looks.bars();
    }

    public int getSystemWindowInsetLeft() {
        return Looks.bars().left;
    }

    public int getSystemWindowInsetTop() {
        return Looks.bars().top;
    }

    public int getSystemWindowInsetRight() {
        return Looks.bars().right;
    }

    public int getSystemWindowInsetBottom() {
        return Looks.bars().bottom;
    }

    public static final class Type {
        private Type() {}

        public static int systemBars() {
            return 7;
        }

        public static int displayCutout() {
            return 128;
        }
    }
}
