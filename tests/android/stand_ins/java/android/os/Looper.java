package android.os;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.ringproof.standin.Phone;

public final class Looper {
    private static final ThreadLocal<Looper> OWN = new ThreadLocal<>();
    private static Looper main;

    private final Thread thread = Thread.currentThread();
    private final BlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
    private volatile boolean closed;

    private Looper() {}

    public static void prepare() {
        if (OWN.get() != null) {
            throw new RuntimeException("Only one Looper may be created per thread");
        }
        OWN.set(new Looper());
    }

    public static Looper myLooper() {
        return OWN.get();
    }

    public static synchronized Looper getMainLooper() {
        if (main == null) {
            HandlerThread thread = new HandlerThread("main");
            thread.setDaemon(true);
            thread.start();
            main = thread.getLooper();
        }
        return main;
    }

    public static void loop() {
        Looper me = OWN.get();
        while (true) {
            Runnable next;
            try {
                next = me.queue.take();
            } catch (InterruptedException gone) {
                return;
            }
            if (next == QUIT) {
                return;
            }
            try {
                next.run();
            } catch (Throwable fault) {
                // On a phone this ends the app.
                Phone.crashed(fault);
            }
        }
    }

    public Thread getThread() {
        return thread;
    }

    public boolean isCurrentThread() {
        return Thread.currentThread() == thread;
    }

    public void quit() {
        closed = true;
        queue.clear();
        queue.add(QUIT);
    }

    public void quitSafely() {
        if (!closed) {
            closed = true;
            queue.add(QUIT);
        }
    }

    boolean offer(Runnable action) {
        return !closed && queue.add(action);
    }

    private static final Runnable QUIT = () -> {};
}
