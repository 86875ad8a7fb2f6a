package android.view;

import android.content.Context;
import org.ringproof.standin.Looks;

public class View {
    public View(Context context) {}

    public WindowInsets getRootWindowInsets() {
        return Looks.bars() == null ? null : new WindowInsets();
    }
}
