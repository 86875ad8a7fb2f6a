package android.os;

public class HandlerThread extends Thread {
    private Looper looper;

    public HandlerThread(String name) {
        super(name);
    }

    @Override
    public void run() {
        Looper.prepare();
        synchronized (this) {
            looper = Looper.myLooper();
            notifyAll();
        }
        Looper.loop();
    }

    public Looper getLooper() {
        if (!isAlive()) {
            return null;
        }
        synchronized (this) {
            while (isAlive() && looper == null) {
                try {
                    wait(100);
                } catch (InterruptedException again) {
                    Thread.currentThread().interrupt();
                }
            }
        }
        return looper;
    }

    public boolean quit() {
        Looper mine = getLooper();
        if (mine != null) {
            mine.quit();
        }
        return mine != null;
    }

    public boolean quitSafely() {
        Looper mine = getLooper();
        if (mine != null) {
            mine.quitSafely();
        }
        return mine != null;
    }
}
