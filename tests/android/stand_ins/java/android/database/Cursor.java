package android.database;

import java.io.Closeable;

public interface Cursor extends Closeable {
    int getCount();

    int getPosition();

    boolean moveToFirst();

    boolean moveToNext();

    int getColumnIndex(String name);

    int getColumnIndexOrThrow(String name);

    boolean isNull(int column);

    String getString(int column);

    long getLong(int column);

    int getInt(int column);

    boolean isClosed();

    @Override
    void close();
}
