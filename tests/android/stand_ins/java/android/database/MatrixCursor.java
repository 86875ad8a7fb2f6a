package android.database;

import java.util.ArrayList;
import java.util.List;

public class MatrixCursor implements Cursor {
    private final String[] names;
    private final List<Object[]> rows = new ArrayList<>();
    private int position = -1;
    private boolean closed;

    public MatrixCursor(String[] names) {
        this.names = names.clone();
    }

    public void addRow(Object[] values) {
        if (values.length != names.length) {
            throw new IllegalArgumentException("columnNames.length != columnValues.length");
        }
        rows.add(values.clone());
    }

    private Object value(int column) {
        if (closed) {
            throw new IllegalStateException("the cursor is closed");
        }
        if (position < 0 || position >= rows.size()) {
            throw new ArrayIndexOutOfBoundsException(position);
        }
        return rows.get(position)[column];
    }

    @Override
    public int getCount() {
        return rows.size();
    }

    @Override
    public int getPosition() {
        return position;
    }

    @Override
    public boolean moveToFirst() {
        position = 0;
        return !rows.isEmpty();
    }

    @Override
    public boolean moveToNext() {
        if (closed) {
            throw new IllegalStateException("the cursor is closed");
        }
        position = Math.min(position + 1, rows.size());
        return position < rows.size();
    }

    @Override
    public int getColumnIndex(String name) {
        for (int index = 0; index < names.length; index++) {
            if (names[index].equals(name)) {
                return index;
            }
        }
        return -1;
    }

    @Override
    public int getColumnIndexOrThrow(String name) {
        int index = getColumnIndex(name);
        if (index < 0) {
            throw new IllegalArgumentException("column '" + name + "' does not exist");
        }
        return index;
    }

    @Override
    public boolean isNull(int column) {
        return value(column) == null;
    }

    @Override
    public String getString(int column) {
        Object value = value(column);
        return value == null ? null : value.toString();
    }

    @Override
    public long getLong(int column) {
        Object value = value(column);
        return value == null ? 0 : Long.parseLong(value.toString());
    }

    @Override
    public int getInt(int column) {
        return (int) getLong(column);
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
    }
}
