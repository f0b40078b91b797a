<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en">
<context>
    <name>Parts</name>
    <message>
        <source>Select a document on the left, or create one.</source>
        <translation>Select a document on the left, or create one.</translation>
    </message>
</context>
<context>
    <name>Application</name>
    <message>
        <source>The profile "%1" cannot be opened. %2</source>
        <translation>The profile "%1" cannot be opened. %2</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::ClockPanel</name>
    <message>
        <source>Vector clock</source>
        <translation>Vector clock</translation>
    </message>
    <message>
        <source>State vectors</source>
        <translation>State vectors</translation>
    </message>
    <message>
        <source>How many edits of each replica are in what is shown here.</source>
        <translation>How many edits of each replica are in what is shown here.</translation>
    </message>
    <message>
        <source>No edits yet.</source>
        <translation>No edits yet.</translation>
    </message>
    <message>
        <source>Which replica has stored what, as the server knows it.</source>
        <translation>Which replica has stored what, as the server knows it.</translation>
    </message>
    <message>
        <source>Nobody has told the server yet.</source>
        <translation>Nobody has told the server yet.</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::CommandLine</name>
    <message>
        <source>Edits JSON documents together with others, online or not.</source>
        <translation>Edits JSON documents together with others, online or not.</translation>
    </message>
    <message>
        <source>Server to connect to, for example http://127.0.0.1:8080.</source>
        <translation>Server to connect to, for example http://127.0.0.1:8080.</translation>
    </message>
    <message>
        <source>Replica to open: a name. Each has its own client id, database and settings.</source>
        <translation>Replica to open: a name. Each has its own client id, database and settings.</translation>
    </message>
    <message>
        <source>Document to show first.</source>
        <translation>Document to show first.</translation>
    </message>
    <message>
        <source>How to talk to the server: websocket or sse.</source>
        <translation>How to talk to the server: websocket or sse.</translation>
    </message>
    <message>
        <source>Start offline.</source>
        <translation>Start offline.</translation>
    </message>
    <message>
        <source>Language of the window: ko or en.</source>
        <translation>Language of the window: ko or en.</translation>
    </message>
    <message>
        <source>Use dark colours whatever the desktop says.</source>
        <translation>Use dark colours whatever the desktop says.</translation>
    </message>
    <message>
        <source>Run a script of user actions; "-" reads it from standard input.</source>
        <translation>Run a script of user actions; "-" reads it from standard input.</translation>
    </message>
    <message>
        <source>Write a picture of the window when the script ends, or once connected.</source>
        <translation>Write a picture of the window when the script ends, or once connected.</translation>
    </message>
    <message>
        <source>Show this help.</source>
        <translation>Show this help.</translation>
    </message>
    <message>
        <source>Show the version.</source>
        <translation>Show the version.</translation>
    </message>
    <message>
        <source>"%1" is no address of a server. Write for example http://127.0.0.1:8080</source>
        <translation>"%1" is no address of a server. Write for example http://127.0.0.1:8080</translation>
    </message>
    <message>
        <source>"%1" is no option; --help lists them</source>
        <translation>"%1" is no option; --help lists them</translation>
    </message>
    <message>
        <source>"%1" is no name of a profile: letters, digits, '.', '_' and '-', at most 64</source>
        <translation>"%1" is no name of a profile: letters, digits, '.', '_' and '-', at most 64</translation>
    </message>
    <message>
        <source>"%1" is no document id</source>
        <translation>"%1" is no document id</translation>
    </message>
    <message>
        <source>--transport is websocket or sse, not "%1"</source>
        <translation>--transport is websocket or sse, not "%1"</translation>
    </message>
    <message>
        <source>--language is ko or en, not "%1"</source>
        <translation>--language is ko or en, not "%1"</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::ConflictDialog</name>
    <message>
        <source>Two changes of the same thing</source>
        <translation>Two changes of the same thing</translation>
    </message>
    <message>
        <source>This can be decided once the server has sent what others did.</source>
        <translation>This can be decided once the server has sent what others did.</translation>
    </message>
    <message>
        <source>Fields in conflict</source>
        <translation>Fields in conflict</translation>
    </message>
    <message>
        <source>Field</source>
        <translation>Field</translation>
    </message>
    <message>
        <source>Before</source>
        <translation>Before</translation>
    </message>
    <message>
        <source>Mine</source>
        <translation>Mine</translation>
    </message>
    <message>
        <source>Theirs</source>
        <translation>Theirs</translation>
    </message>
    <message>
        <source>Take</source>
        <translation>Take</translation>
    </message>
    <message>
        <source>Becomes</source>
        <translation>Becomes</translation>
    </message>
    <message>
        <source>Keep &amp;mine</source>
        <translation>Keep &amp;mine</translation>
    </message>
    <message>
        <source>My values stand where I wrote; the rest stays as others left it</source>
        <translation>My values stand where I wrote; the rest stays as others left it</translation>
    </message>
    <message>
        <source>Take &amp;theirs</source>
        <translation>Take &amp;theirs</translation>
    </message>
    <message>
        <source>My edit is given up; the log records that</source>
        <translation>My edit is given up; the log records that</translation>
    </message>
    <message>
        <source>Apply the &amp;choice</source>
        <translation>Apply the &amp;choice</translation>
    </message>
    <message>
        <source>Each field as chosen in the table</source>
        <translation>Each field as chosen in the table</translation>
    </message>
    <message>
        <source>Decide &amp;later</source>
        <translation>Decide &amp;later</translation>
    </message>
    <message>
        <source>While you changed "%1", somebody else changed the same thing.</source>
        <translation>While you changed "%1", somebody else changed the same thing.</translation>
    </message>
    <message>
        <source>While you changed "%1", %2 changed the same thing.</source>
        <translation>While you changed "%1", %2 changed the same thing.</translation>
    </message>
    <message>
        <source>the whole document</source>
        <translation>the whole document</translation>
    </message>
    <message>
        <source>Whose value of %1</source>
        <translation>Whose value of %1</translation>
    </message>
    <message>
        <source>Both added up</source>
        <translation>Both added up</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::ConnectionBar</name>
    <message>
        <source>&amp;Connect</source>
        <translation>&amp;Connect</translation>
    </message>
    <message>
        <source>Work o&amp;ffline</source>
        <translation>Work o&amp;ffline</translation>
    </message>
    <message>
        <source>Address of the server</source>
        <translation>Address of the server</translation>
    </message>
    <message>
        <source>Transport</source>
        <translation>Transport</translation>
    </message>
    <message>
        <source>How to talk to the server: WebSocket, or server-sent events where a proxy lets only plain HTTP through</source>
        <translation>How to talk to the server: WebSocket, or server-sent events where a proxy lets only plain HTTP through</translation>
    </message>
    <message>
        <source>WebSocket</source>
        <translation>WebSocket</translation>
    </message>
    <message>
        <source>Server-sent events</source>
        <translation>Server-sent events</translation>
    </message>
    <message>
        <source>Connect to this server</source>
        <translation>Connect to this server</translation>
    </message>
    <message>
        <source>Edits wait in the queue until this is switched off</source>
        <translation>Edits wait in the queue until this is switched off</translation>
    </message>
    <message>
        <source>&amp;Server</source>
        <translation>&amp;Server</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::ContentsPanel</name>
    <message>
        <source>&amp;Delete</source>
        <translation>&amp;Delete</translation>
    </message>
    <message>
        <source>&amp;Up</source>
        <translation>&amp;Up</translation>
    </message>
    <message>
        <source>D&amp;own</source>
        <translation>D&amp;own</translation>
    </message>
    <message>
        <source>Contents of the document</source>
        <translation>Contents of the document</translation>
    </message>
    <message>
        <source>This document is not here yet, or not any more.</source>
        <translation>This document is not here yet, or not any more.</translation>
    </message>
    <message>
        <source>&amp;Add</source>
        <translation>&amp;Add</translation>
    </message>
    <message>
        <source>Add to the selected list or object, or behind the selected element</source>
        <translation>Add to the selected list or object, or behind the selected element</translation>
    </message>
    <message>
        <source>&amp;Text</source>
        <translation>&amp;Text</translation>
    </message>
    <message>
        <source>&amp;Number</source>
        <translation>&amp;Number</translation>
    </message>
    <message>
        <source>&amp;Yes or no</source>
        <translation>&amp;Yes or no</translation>
    </message>
    <message>
        <source>&amp;List</source>
        <translation>&amp;List</translation>
    </message>
    <message>
        <source>&amp;Object</source>
        <translation>&amp;Object</translation>
    </message>
    <message>
        <source>Delete the selected entry for everybody; undo brings it back</source>
        <translation>Delete the selected entry for everybody; undo brings it back</translation>
    </message>
    <message>
        <source>Move the selected element towards the front of its list</source>
        <translation>Move the selected element towards the front of its list</translation>
    </message>
    <message>
        <source>Move the selected element towards the end of its list</source>
        <translation>Move the selected element towards the end of its list</translation>
    </message>
    <message>
        <source>The change was not made. %1</source>
        <translation>The change was not made. %1</translation>
    </message>
    <message>
        <source>There is an entry "%1" already.</source>
        <translation>There is an entry "%1" already.</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::EventLogModel</name>
    <message>
        <source>decided conflict</source>
        <translation>decided conflict</translation>
    </message>
    <message>
        <source>undo</source>
        <translation>undo</translation>
    </message>
    <message>
        <source>redo</source>
        <translation>redo</translation>
    </message>
    <message>
        <source>Event %1
Based on event %2</source>
        <translation>Event %1
Based on event %2</translation>
    </message>
    <message>
        <source>Made %1
Stored %2</source>
        <translation>Made %1
Stored %2</translation>
    </message>
    <message>
        <source>No.</source>
        <translation>No.</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Time</translation>
    </message>
    <message>
        <source>Replica</source>
        <translation>Replica</translation>
    </message>
    <message>
        <source>Operation</source>
        <translation>Operation</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Change</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::EventLogPanel</name>
    <message>
        <source>Event log</source>
        <translation>Event log</translation>
    </message>
    <message>
        <source>No events to show.</source>
        <translation>No events to show.</translation>
    </message>
    <message>
        <source>The log is shown when the server can be asked for it.</source>
        <translation>The log is shown when the server can be asked for it.</translation>
    </message>
    <message>
        <source>No events yet.</source>
        <translation>No events yet.</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::GamePanel</name>
    <message>
        <source>This game is not there any more.</source>
        <translation>This game is not there any more.</translation>
    </message>
    <message>
        <source>&amp;Name</source>
        <translation>&amp;Name</translation>
    </message>
    <message>
        <source>&amp;Gold</source>
        <translation>&amp;Gold</translation>
    </message>
    <message>
        <source>&amp;Experience</source>
        <translation>&amp;Experience</translation>
    </message>
    <message>
        <source>&amp;Level</source>
        <translation>&amp;Level</translation>
    </message>
    <message>
        <source>+50 gold</source>
        <translation>+50 gold</translation>
    </message>
    <message>
        <source>Adds to what anybody else adds at the same time</source>
        <translation>Adds to what anybody else adds at the same time</translation>
    </message>
    <message>
        <source>+100 experience</source>
        <translation>+100 experience</translation>
    </message>
    <message>
        <source>Level up</source>
        <translation>Level up</translation>
    </message>
    <message>
        <source>One level more</source>
        <translation>One level more</translation>
    </message>
    <message>
        <source>Sa&amp;ve</source>
        <translation>Sa&amp;ve</translation>
    </message>
    <message>
        <source>Write the fields that you have changed (Ctrl+S)</source>
        <translation>Write the fields that you have changed (Ctrl+S)</translation>
    </message>
    <message>
        <source>&amp;Revert</source>
        <translation>&amp;Revert</translation>
    </message>
    <message>
        <source>Forget what you have typed</source>
        <translation>Forget what you have typed</translation>
    </message>
    <message>
        <source>not confirmed</source>
        <translation>not confirmed</translation>
    </message>
    <message>
        <source>The server has not confirmed this value yet. Click to see the queue.</source>
        <translation>The server has not confirmed this value yet. Click to see the queue.</translation>
    </message>
    <message>
        <source>State of the game</source>
        <translation>State of the game</translation>
    </message>
    <message>
        <source>%1 · version %2</source>
        <translation>%1 · version %2</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::DocumentsModel</name>
    <message numerus="yes">
        <source>%n conflict(s)</source>
        <translation>
            <numerusform>%n conflict</numerusform>
            <numerusform>%n conflicts</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n refused</source>
        <translation>
            <numerusform>%n refused</numerusform>
            <numerusform>%n refused</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n not sent</source>
        <translation>
            <numerusform>%n not sent</numerusform>
            <numerusform>%n not sent</numerusform>
        </translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Gold</source>
        <translation>Gold</translation>
    </message>
    <message>
        <source>Unsent</source>
        <translation>Unsent</translation>
    </message>
    <message>
        <source>Game</source>
        <translation>Game</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>List</source>
        <translation>List</translation>
    </message>
    <message>
        <source>Level %1</source>
        <translation>Level %1</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Kind</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::DocumentsPanel</name>
    <message>
        <source>&amp;Delete</source>
        <translation>&amp;Delete</translation>
    </message>
    <message>
        <source>&amp;New game…</source>
        <translation>&amp;New game…</translation>
    </message>
    <message>
        <source>Documents</source>
        <translation>Documents</translation>
    </message>
    <message>
        <source>Find a document</source>
        <translation>Find a document</translation>
    </message>
    <message>
        <source>Delete the selected document for everybody</source>
        <translation>Delete the selected document for everybody</translation>
    </message>
    <message>
        <source>Create a game (Ctrl+N); the arrow: a text or a list to write together</source>
        <translation>Create a game (Ctrl+N); the arrow: a text or a list to write together</translation>
    </message>
    <message>
        <source>New &amp;game…</source>
        <translation>New &amp;game…</translation>
    </message>
    <message>
        <source>New &amp;text…</source>
        <translation>New &amp;text…</translation>
    </message>
    <message>
        <source>New &amp;list…</source>
        <translation>New &amp;list…</translation>
    </message>
    <message>
        <source>Nothing is here yet.
The server's list comes with the first connection.</source>
        <translation>Nothing is here yet.
The server's list comes with the first connection.</translation>
    </message>
    <message>
        <source>No games, texts or lists yet – create one.</source>
        <translation>No games, texts or lists yet – create one.</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::MainWindow</name>
    <message>
        <source>Close without saving?</source>
        <translation>Close without saving?</translation>
    </message>
    <message>
        <source>What you typed is not saved, and is lost when the window is closed.</source>
        <translation>What you typed is not saved, and is lost when the window is closed.</translation>
    </message>
    <message>
        <source>Close &amp;all the same</source>
        <translation>Close &amp;all the same</translation>
    </message>
    <message>
        <source>&amp;Keep it open</source>
        <translation>&amp;Keep it open</translation>
    </message>
    <message>
        <source>Decide…</source>
        <translation>Decide…</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Close</translation>
    </message>
    <message>
        <source>Game</source>
        <translation>Game</translation>
    </message>
    <message>
        <source>Event log</source>
        <translation>Event log</translation>
    </message>
    <message>
        <source>Clocks</source>
        <translation>Clocks</translation>
    </message>
    <message>
        <source>Queue</source>
        <translation>Queue</translation>
    </message>
    <message>
        <source>Vector clock and state vectors</source>
        <translation>Vector clock and state vectors</translation>
    </message>
    <message>
        <source>Show the queue</source>
        <translation>Show the queue</translation>
    </message>
    <message>
        <source>An edit of "%1" was refused and waits in the queue. %2</source>
        <translation>An edit of "%1" was refused and waits in the queue. %2</translation>
    </message>
    <message>
        <source>Queue (%1)</source>
        <translation>Queue (%1)</translation>
    </message>
    <message numerus="yes">
        <source>%n edit(s) need a decision.</source>
        <translation>
            <numerusform>%n edit needs a decision.</numerusform>
            <numerusform>%n edits need a decision.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n edit(s) not confirmed</source>
        <translation>
            <numerusform>%n edit not confirmed</numerusform>
            <numerusform>%n edits not confirmed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n conflict(s)</source>
        <translation>
            <numerusform>%n conflict</numerusform>
            <numerusform>%n conflicts</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n refused</source>
        <translation>
            <numerusform>%n refused</numerusform>
            <numerusform>%n refused</numerusform>
        </translation>
    </message>
    <message>
        <source>Everything is on the server</source>
        <translation>Everything is on the server</translation>
    </message>
    <message>
        <source>Click to connect now. %1</source>
        <translation>Click to connect now. %1</translation>
    </message>
    <message>
        <source>Profile %1 · replica %2</source>
        <translation>Profile %1 · replica %2</translation>
    </message>
    <message>
        <source>"%1" will be deleted for everybody.</source>
        <translation>"%1" will be deleted for everybody.</translation>
    </message>
    <message>
        <source>&amp;Delete</source>
        <translation>&amp;Delete</translation>
    </message>
    <message>
        <source>&amp;Keep it</source>
        <translation>&amp;Keep it</translation>
    </message>
    <message>
        <source>&amp;New game…</source>
        <translation>&amp;New game…</translation>
    </message>
    <message>
        <source>New &amp;window…</source>
        <translation>New &amp;window…</translation>
    </message>
    <message>
        <source>&amp;Close window</source>
        <translation>&amp;Close window</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Quit</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>&amp;Edit</translation>
    </message>
    <message>
        <source>&amp;Undo my last edit</source>
        <translation>&amp;Undo my last edit</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>&amp;Redo</translation>
    </message>
    <message>
        <source>&amp;Connection</source>
        <translation>&amp;Connection</translation>
    </message>
    <message>
        <source>&amp;Server…</source>
        <translation>&amp;Server…</translation>
    </message>
    <message>
        <source>Synchronise &amp;now</source>
        <translation>Synchronise &amp;now</translation>
    </message>
    <message>
        <source>Work &amp;offline or online</source>
        <translation>Work &amp;offline or online</translation>
    </message>
    <message>
        <source>&amp;Decide the next conflict…</source>
        <translation>&amp;Decide the next conflict…</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;View</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Help</translation>
    </message>
    <message>
        <source>&amp;About EventSync</source>
        <translation>&amp;About EventSync</translation>
    </message>
    <message>
        <source>About EventSync</source>
        <translation>About EventSync</translation>
    </message>
    <message>
        <source>EventSync %1

Edits JSON documents together with others, online or not.</source>
        <translation>EventSync %1

Edits JSON documents together with others, online or not.</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>Contents</source>
        <translation>Contents</translation>
    </message>
    <message>
        <source>Delete this document?</source>
        <translation>Delete this document?</translation>
    </message>
    <message>
        <source>&amp;Document</source>
        <translation>&amp;Document</translation>
    </message>
    <message>
        <source>New &amp;text…</source>
        <translation>New &amp;text…</translation>
    </message>
    <message>
        <source>New &amp;list…</source>
        <translation>New &amp;list…</translation>
    </message>
    <message>
        <source>&amp;Delete…</source>
        <translation>&amp;Delete…</translation>
    </message>
    <message>
        <source>The server does not give out "%1". %2</source>
        <translation>The server does not give out "%1". %2</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::NewDocumentDialog</name>
    <message>
        <source>New game</source>
        <translation>New game</translation>
    </message>
    <message>
        <source>For example Dragon Quest</source>
        <translation>For example Dragon Quest</translation>
    </message>
    <message>
        <source>&amp;Create</source>
        <translation>&amp;Create</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancel</translation>
    </message>
    <message>
        <source>&amp;Name</source>
        <translation>&amp;Name</translation>
    </message>
    <message>
        <source>New text</source>
        <translation>New text</translation>
    </message>
    <message>
        <source>New list</source>
        <translation>New list</translation>
    </message>
    <message>
        <source>For example Meeting notes</source>
        <translation>For example Meeting notes</translation>
    </message>
    <message>
        <source>For example Shopping</source>
        <translation>For example Shopping</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::NodeModel</name>
    <message numerus="yes">
        <source>%n member(s)</source>
        <translation><numerusform>%n member</numerusform><numerusform>%n members</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>%n element(s)</source>
        <translation><numerusform>%n element</numerusform><numerusform>%n elements</numerusform></translation>
    </message>
    <message>
        <source>Key</source>
        <translation>Key</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>Value</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::PeopleLabel</name>
    <message>
        <source>They look at this document now: %1</source>
        <translation>They look at this document now: %1</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::ProfileDialog</name>
    <message>
        <source>This profile is open</source>
        <translation>This profile is open</translation>
    </message>
    <message>
        <source>New window</source>
        <translation>New window</translation>
    </message>
    <message>
        <source>Another window has the profile "%1" open. A profile is one replica and is edited in one window at a time.</source>
        <translation>Another window has the profile "%1" open. A profile is one replica and is edited in one window at a time.</translation>
    </message>
    <message>
        <source>Each window edits as a replica of its own, like another device.</source>
        <translation>Each window edits as a replica of its own, like another device.</translation>
    </message>
    <message>
        <source>&amp;Open this profile</source>
        <translation>&amp;Open this profile</translation>
    </message>
    <message>
        <source>&amp;Take "%1" over</source>
        <translation>&amp;Take "%1" over</translation>
    </message>
    <message>
        <source>Closes the other window and opens the profile here</source>
        <translation>Closes the other window and opens the profile here</translation>
    </message>
    <message>
        <source>&amp;Profile</source>
        <translation>&amp;Profile</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancel</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::QueueModel</name>
    <message>
        <source>State</source>
        <translation>State</translation>
    </message>
    <message>
        <source>Document</source>
        <translation>Document</translation>
    </message>
    <message>
        <source>Operation</source>
        <translation>Operation</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Change</translation>
    </message>
    <message>
        <source>Made</source>
        <translation>Made</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>Reason</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::QueuePanel</name>
    <message>
        <source>Dec&amp;ide…</source>
        <translation>Dec&amp;ide…</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>&amp;Try again</translation>
    </message>
    <message>
        <source>D&amp;iscard…</source>
        <translation>D&amp;iscard…</translation>
    </message>
    <message>
        <source>Queue</source>
        <translation>Queue</translation>
    </message>
    <message>
        <source>Look at both versions and decide</source>
        <translation>Look at both versions and decide</translation>
    </message>
    <message>
        <source>Send the refused edit again, as a new one</source>
        <translation>Send the refused edit again, as a new one</translation>
    </message>
    <message>
        <source>Give the edit up for good</source>
        <translation>Give the edit up for good</translation>
    </message>
    <message>
        <source>Nothing waits: everything you did is on the server.</source>
        <translation>Nothing waits: everything you did is on the server.</translation>
    </message>
    <message>
        <source>Discard this edit?</source>
        <translation>Discard this edit?</translation>
    </message>
    <message>
        <source>"%1" of "%2" will be lost for good.</source>
        <translation>"%1" of "%2" will be lost for good.</translation>
    </message>
    <message>
        <source>&amp;Discard</source>
        <translation>&amp;Discard</translation>
    </message>
    <message>
        <source>&amp;Keep it</source>
        <translation>&amp;Keep it</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::Session</name>
    <message>
        <source>The game could not be created</source>
        <translation>The game could not be created</translation>
    </message>
    <message>
        <source>The change was not made</source>
        <translation>The change was not made</translation>
    </message>
    <message>
        <source>Nothing was undone</source>
        <translation>Nothing was undone</translation>
    </message>
    <message>
        <source>Nothing was redone</source>
        <translation>Nothing was redone</translation>
    </message>
    <message>
        <source>The decision was not taken</source>
        <translation>The decision was not taken</translation>
    </message>
    <message>
        <source>The edit was not discarded</source>
        <translation>The edit was not discarded</translation>
    </message>
    <message>
        <source>The edit could not be tried again</source>
        <translation>The edit could not be tried again</translation>
    </message>
    <message>
        <source>%1 (here)</source>
        <translation>%1 (here)</translation>
    </message>
    <message>
        <source>The text could not be created</source>
        <translation>The text could not be created</translation>
    </message>
    <message>
        <source>The list could not be created</source>
        <translation>The list could not be created</translation>
    </message>
    <message>
        <source>The document could not be deleted</source>
        <translation>The document could not be deleted</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::StateModel</name>
    <message>
        <source>Changed, not confirmed</source>
        <translation>Changed, not confirmed</translation>
    </message>
    <message>
        <source>Added, not confirmed</source>
        <translation>Added, not confirmed</translation>
    </message>
    <message>
        <source>Removed, not confirmed</source>
        <translation>Removed, not confirmed</translation>
    </message>
    <message numerus="yes">
        <source>%n element(s)</source>
        <translation>
            <numerusform>%n element</numerusform>
            <numerusform>%n elements</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n member(s)</source>
        <translation>
            <numerusform>%n member</numerusform>
            <numerusform>%n members</numerusform>
        </translation>
    </message>
    <message>
        <source>Field</source>
        <translation>Field</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>Value</translation>
    </message>
    <message>
        <source>State</source>
        <translation>State</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::StateVectorModel</name>
    <message>
        <source>up to date</source>
        <translation>up to date</translation>
    </message>
    <message numerus="yes">
        <source>%n event(s) behind</source>
        <translation>
            <numerusform>%n event behind</numerusform>
            <numerusform>%n events behind</numerusform>
        </translation>
    </message>
    <message>
        <source>Replica</source>
        <translation>Replica</translation>
    </message>
    <message>
        <source>Has up to</source>
        <translation>Has up to</translation>
    </message>
    <message>
        <source>State</source>
        <translation>State</translation>
    </message>
    <message>
        <source>Vector clock</source>
        <translation>Vector clock</translation>
    </message>
    <message>
        <source>Told at</source>
        <translation>Told at</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::TextPanel</name>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>Write here. Whoever opens this text sees it as you type.</source>
        <translation>Write here. Whoever opens this text sees it as you type.</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Copy</translation>
    </message>
    <message>
        <source>What you typed is not saved. It stays here and is tried again. %1</source>
        <translation>What you typed is not saved. It stays here and is tried again. %1</translation>
    </message>
    <message>
        <source>What you typed could not be saved: &quot;%1&quot;. %2</source>
        <translation>What you typed could not be saved: &quot;%1&quot;. %2</translation>
    </message>
    <message>
        <source>This text is not here yet, or not any more.</source>
        <translation>This text is not here yet, or not any more.</translation>
    </message>
    <message>
        <source>This document has no text. What it has is on the page "Contents".</source>
        <translation>This document has no text. What it has is on the page "Contents".</translation>
    </message>
    <message>
        <source>version %1</source>
        <translation>version %1</translation>
    </message>
    <message numerus="yes">
        <source>%n edit(s) not confirmed</source>
        <translation><numerusform>%n edit not confirmed</numerusform><numerusform>%n edits not confirmed</numerusform></translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::Texts</name>
    <message>
        <source>The server cannot be reached.</source>
        <translation>The server cannot be reached.</translation>
    </message>
    <message>
        <source>The server does not answer.</source>
        <translation>The server does not answer.</translation>
    </message>
    <message>
        <source>The server is stopping.</source>
        <translation>The server is stopping.</translation>
    </message>
    <message>
        <source>The server asks for patience.</source>
        <translation>The server asks for patience.</translation>
    </message>
    <message>
        <source>This computer could not keep up with the server.</source>
        <translation>This computer could not keep up with the server.</translation>
    </message>
    <message>
        <source>This replica is connected from another place.</source>
        <translation>This replica is connected from another place.</translation>
    </message>
    <message>
        <source>This is no server that this program can talk to.</source>
        <translation>This is no server that this program can talk to.</translation>
    </message>
    <message>
        <source>The server wants to know who you are.</source>
        <translation>The server wants to know who you are.</translation>
    </message>
    <message>
        <source>Your sign-in has expired.</source>
        <translation>Your sign-in has expired.</translation>
    </message>
    <message>
        <source>You may not do this.</source>
        <translation>You may not do this.</translation>
    </message>
    <message>
        <source>You may not read or change this document any more.</source>
        <translation>You may not read or change this document any more.</translation>
    </message>
    <message>
        <source>It is not there any more.</source>
        <translation>It is not there any more.</translation>
    </message>
    <message>
        <source>There is a document of this name already.</source>
        <translation>There is a document of this name already.</translation>
    </message>
    <message>
        <source>This id belongs to another collection.</source>
        <translation>This id belongs to another collection.</translation>
    </message>
    <message>
        <source>Somebody else has changed the same thing meanwhile.</source>
        <translation>Somebody else has changed the same thing meanwhile.</translation>
    </message>
    <message>
        <source>The log does not reach back so far.</source>
        <translation>The log does not reach back so far.</translation>
    </message>
    <message>
        <source>It does not fit the document as it is now.</source>
        <translation>It does not fit the document as it is now.</translation>
    </message>
    <message>
        <source>The rules of this collection do not allow it: %1.</source>
        <translation>The rules of this collection do not allow it: %1.</translation>
    </message>
    <message>
        <source>This value is not allowed: %1.</source>
        <translation>This value is not allowed: %1.</translation>
    </message>
    <message>
        <source>It is too large.</source>
        <translation>It is too large.</translation>
    </message>
    <message>
        <source>It is nested too deeply.</source>
        <translation>It is nested too deeply.</translation>
    </message>
    <message>
        <source>It builds on another edit that was refused.</source>
        <translation>It builds on another edit that was refused.</translation>
    </message>
    <message>
        <source>This replica is a copy of another one and now has a name of its own.</source>
        <translation>This replica is a copy of another one and now has a name of its own.</translation>
    </message>
    <message>
        <source>The server has forgotten this replica, which now has a new name.</source>
        <translation>The server has forgotten this replica, which now has a new name.</translation>
    </message>
    <message>
        <source>Too many edits are waiting to be sent.</source>
        <translation>Too many edits are waiting to be sent.</translation>
    </message>
    <message>
        <source>It was cancelled.</source>
        <translation>It was cancelled.</translation>
    </message>
    <message>
        <source>The disk is full.</source>
        <translation>The disk is full.</translation>
    </message>
    <message>
        <source>The profile's folder cannot be written.</source>
        <translation>The profile's folder cannot be written.</translation>
    </message>
    <message>
        <source>Another window has this profile open.</source>
        <translation>Another window has this profile open.</translation>
    </message>
    <message>
        <source>A newer version of this program has written this profile.</source>
        <translation>A newer version of this program has written this profile.</translation>
    </message>
    <message>
        <source>Reading or writing failed: %1.</source>
        <translation>Reading or writing failed: %1.</translation>
    </message>
    <message>
        <source>The stored data are damaged: %1.</source>
        <translation>The stored data are damaged: %1.</translation>
    </message>
    <message>
        <source>Something went wrong: %1 (%2).</source>
        <translation>Something went wrong: %1 (%2).</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>Create</translation>
    </message>
    <message>
        <source>Update</source>
        <translation>Update</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Delete</translation>
    </message>
    <message>
        <source>Waiting to be sent</source>
        <translation>Waiting to be sent</translation>
    </message>
    <message>
        <source>Sent, not confirmed yet</source>
        <translation>Sent, not confirmed yet</translation>
    </message>
    <message>
        <source>Conflict: needs a decision</source>
        <translation>Conflict: needs a decision</translation>
    </message>
    <message>
        <source>Conflict: waits for the server</source>
        <translation>Conflict: waits for the server</translation>
    </message>
    <message>
        <source>Refused</source>
        <translation>Refused</translation>
    </message>
    <message>
        <source>Working offline</source>
        <translation>Working offline</translation>
    </message>
    <message>
        <source>Not connected, trying again</source>
        <translation>Not connected, trying again</translation>
    </message>
    <message>
        <source>Connecting</source>
        <translation>Connecting</translation>
    </message>
    <message>
        <source>Connected</source>
        <translation>Connected</translation>
    </message>
    <message>
        <source>Not connected</source>
        <translation>Not connected</translation>
    </message>
    <message>
        <source>This profile cannot be read; close the window and open it again</source>
        <translation>This profile cannot be read; close the window and open it again</translation>
    </message>
    <message>
        <source>(not there)</source>
        <translation>(not there)</translation>
    </message>
    <message>
        <source>the whole document</source>
        <translation>the whole document</translation>
    </message>
    <message numerus="yes">
        <source>a patch of %n byte(s)</source>
        <translation>
            <numerusform>a patch of %n byte</numerusform>
            <numerusform>a patch of %n bytes</numerusform>
        </translation>
    </message>
    <message>
        <source>nothing: the other version was kept</source>
        <translation>nothing: the other version was kept</translation>
    </message>
    <message>
        <source>%1 at least %2</source>
        <translation>%1 at least %2</translation>
    </message>
    <message>
        <source>%1 removed</source>
        <translation>%1 removed</translation>
    </message>
    <message>
        <source>%1 moved to %2</source>
        <translation>%1 moved to %2</translation>
    </message>
    <message>
        <source>%1 copied to %2</source>
        <translation>%1 copied to %2</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::VectorClockModel</name>
    <message>
        <source>Replica</source>
        <translation>Replica</translation>
    </message>
    <message>
        <source>Edits</source>
        <translation>Edits</translation>
    </message>
</context>
</TS>
