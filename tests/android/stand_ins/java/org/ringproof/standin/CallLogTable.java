package org.ringproof.standin;

import android.database.Cursor;
import android.database.MatrixCursor;
import android.net.Uri;
import android.provider.CallLog;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The phone's call log behind its content provider, with as much of SQL as an app needs. */
public final class CallLogTable {
    private static final List<String> COLUMNS =
            Arrays.asList(
                    CallLog.Calls._ID,
                    CallLog.Calls.NUMBER,
                    CallLog.Calls.NUMBER_PRESENTATION,
                    CallLog.Calls.TYPE,
                    CallLog.Calls.DATE,
                    CallLog.Calls.DURATION,
                    CallLog.Calls.LAST_MODIFIED);
    private static final Pattern TERM = Pattern.compile("\\s*(\\w+)\\s*(>=|<=|=|>|<)\\s*\\?\\s*");
    private static final List<Map<String, Object>> ROWS = new ArrayList<>();
    private static int open;
    private static int queries;
    private static String broken;

    private CallLogTable() {}

    static synchronized void reset() {
        ROWS.clear();
        open = 0;
        queries = 0;
        broken = null;
    }

    // --- what a test does

    /** A row; number null as some phones write it when it is withheld. */
    public static synchronized void add(
            long id, String number, int presentation, int type, long date, long duration, long modified) {
        Map<String, Object> row = new LinkedHashMap<>();
        Object[] values = {id, number, presentation, type, date, duration, modified};
        for (int index = 0; index < values.length; index++) {
            row.put(COLUMNS.get(index), values[index]);
        }
        ROWS.add(row);
    }

    /**
     * What the provider does instead of answering: "null" (no cursor), "dead" (an exception), "dying" (an exception
     * behind the first row), or null.
     */
    public static synchronized void breakWith(String how) {
        broken = how;
    }

    /** Cursors that were opened and not closed. */
    public static synchronized int openCursors() {
        return open;
    }

    public static synchronized int queries() {
        return queries;
    }

    // --- what the system does

    public static synchronized Cursor query(
            Uri uri, String[] projection, String selection, String[] arguments, String order) {
        if (!CallLog.AUTHORITY.equals(uri.getAuthority())) {
            return null;
        }
        queries++;
        if (!Permissions.has("android.permission.READ_CALL_LOG")) {
            throw new SecurityException("Permission Denial: opening provider CallLogProvider");
        }
        if (broken != null && !broken.equals("dying")) {
            if (broken.equals("null")) {
                return null;
            }
            throw new IllegalStateException("the provider's process has died");
        }
        List<Map<String, Object>> found = new ArrayList<>();
        for (Map<String, Object> row : ROWS) {
            if (fits(row, selection, arguments)) {
                found.add(row);
            }
        }
        sort(found, order);
        String[] names = projection != null ? projection : COLUMNS.toArray(new String[0]);
        for (String name : names) {
            known(name);
        }
        CountedCursor cursor = new CountedCursor(names);
        for (Map<String, Object> row : found) {
            Object[] values = new Object[names.length];
            for (int index = 0; index < names.length; index++) {
                values[index] = row.get(names[index]);
            }
            cursor.addRow(values);
        }
        open++;
        return cursor;
    }

    private static String known(String column) {
        if (!COLUMNS.contains(column)) {
            throw new IllegalArgumentException("Invalid column " + column);
        }
        return column;
    }

    private static boolean fits(Map<String, Object> row, String selection, String[] arguments) {
        if (selection == null) {
            return true;
        }
        String[] terms = selection.split("(?i)\\sAND\\s");
        for (int index = 0; index < terms.length; index++) {
            Matcher term = TERM.matcher(terms[index]);
            if (!term.matches()) {
                throw new IllegalArgumentException("near \"" + terms[index] + "\": syntax error");
            }
            long value = Long.parseLong(String.valueOf(row.get(known(term.group(1)))));
            int order = Long.compare(value, Long.parseLong(arguments[index]));
            String sign = term.group(2);
            boolean holds = order == 0 ? sign.contains("=") : sign.startsWith(order > 0 ? ">" : "<");
            if (!holds) {
                return false;
            }
        }
        return true;
    }

    private static void sort(List<Map<String, Object>> rows, String order) {
        if (order == null) {
            return;
        }
        String[] words = order.trim().split("\\s+");
        if (words.length > 2 || order.toUpperCase(Locale.ROOT).contains("LIMIT")) {
            // Android 11 and later refuse what is smuggled in here.
            throw new IllegalArgumentException("Invalid token LIMIT");
        }
        String column = known(words[0]);
        rows.sort(Comparator.comparingLong(row -> Long.parseLong(String.valueOf(row.get(column)))));
        if (words.length == 2 && words[1].equalsIgnoreCase("DESC")) {
            Collections.reverse(rows);
        }
    }

    private static final class CountedCursor extends MatrixCursor {
        CountedCursor(String[] names) {
            super(names);
        }

        @Override
        public boolean moveToNext() {
            synchronized (CallLogTable.class) {
                if (getPosition() >= 0 && "dying".equals(broken)) {
                    throw new IllegalStateException("Couldn't read row 1 from CursorWindow");
                }
                return super.moveToNext();
            }
        }

        @Override
        public void close() {
            synchronized (CallLogTable.class) {
                open -= isClosed() ? 0 : 1;
                super.close();
            }
        }
    }
}
