package android.os;

import java.util.Timer;
import java.util.TimerTask;

public class Handler {
    private static final Timer DELAYS = new Timer("delays", true);
    private final Looper looper;

    public Handler(Looper looper) {
        this.looper = looper;
    }

    public final Looper getLooper() {
        return looper;
    }

    public final boolean post(Runnable action) {
        return looper.offer(action);
    }

    public final boolean postDelayed(Runnable action, long delayMillis) {
        DELAYS.schedule(
                new TimerTask() {
                    @Override
                    public void run() {
                        looper.offer(action);
                    }
                },
                delayMillis);
        return true;
    }
}
