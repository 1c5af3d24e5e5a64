"""What exports of tools and brokers look like, made up: one closed trade in each, with what is no result beside it."""

from __future__ import annotations

import json

BACKTESTING = """\
,Size,EntryBar,ExitBar,EntryPrice,ExitPrice,SL,TP,PnL,Commission,ReturnPct,EntryTime,ExitTime,Duration,Tag,"SMA(C,10)"
0,51,77,98,96.3,94.1,,,-123.5,9.7,-0.025,2025-01-09 05:00:00,2025-01-10 02:00:00,21:00:00,up,95.7
"""
VECTORBT = """\
,Exit Trade Id,Column,Size,Entry Timestamp,Avg Entry Price,Exit Timestamp,Avg Exit Price,PnL,Return,Direction,Status
0,0,0,50.0,2025-01-09 05:00:00,96.3,2025-01-10 02:00:00,94.1,-123.5,-0.025,Long,Closed
1,1,0,50.0,2025-01-10 01:00:00,94.1,2025-01-12 19:00:00,89.9,200.0,0.04,Short,Open
"""
PYBROKER = """\
id,type,symbol,entry_date,exit_date,entry,exit,shares,pnl,return_pct,agg_pnl,bars,pnl_per_bar,stop,mae,mfe
1,long,AAA,2025-01-09 05:00:00,2025-01-10 02:00:00,96.3,94.1,56,-123.5,-2.28,-123.5,21,-5.88,,-2.4,0.3
"""
NAUTILUS = """\
position_id,strategy_id,side,ts_init,ts_opened,ts_closed,avg_px_open,avg_px_close,realized_return,realized_pnl
P-1,S-0,FLAT,1736398800000000000,1736398800000000000,1736474400000000000,96.3,94.1,-0.02,-123.50 USDT
P-2,S-0,LONG,1736474400000000000,1736474400000000000,,94.1,,0.0,-1.65690000 USDT
"""
BACKTRADER = """\
ref,dtopen,dtclose,price,pnl,pnlcomm
1,739260.2083333334,739261.0833333334,96.3,-111.5,-123.5
2,739262.0,0.0,94.1,0.0,-4.7
"""
PYFOLIO = """\
,pnl,open_dt,close_dt,long,rt_returns,symbol
0,-123.5,2025-01-09 05:00:00+00:00,2025-01-10 02:00:00+00:00,True,-0.025,AAPL
"""
JESSE = json.dumps(
    {
        "trades": [
            {
                "id": "a-1", "strategy_name": "Crossing", "symbol": "BTC-USDT", "PNL": -123.5, "PNL_percentage": -5.1,
                "holding_period": 75600.0, "opened_at": 1736398800000.0, "closed_at": 1736474400000.0,
            }
        ],
        "considering_timeframes": ["1h"],
    }
)  # fmt: skip
MT5_POSITIONS = """\
Time\tPosition\tSymbol\tType\tVolume\tPrice\tS / L\tT / P\tTime\tPrice\tCommission\tSwap\tProfit
2025.01.09 05:00:00\t7\tEURUSD\tbuy\t0.1\t1.1\t\t\t2025.01.10 02:00:00\t1.2\t-1.00\t0.00\t-123.50
"""
MT4 = """\
Ticket\tOpen Time\tType\tSize\tItem\tPrice\tS / L\tT / P\tClose Time\tPrice\tCommission\tTaxes\tSwap\tProfit
6\t2025.01.08 00:00\tbalance\t\t\t\t\t\t\t\t\t\t\t10000
7\t2025.01.09 05:00\tbuy\t0.1\teurusd\t1.1\t0\t0\t2025.01.10 02:00\t1.2\t-1.00\t0.00\t0.00\t-123.50
"""
MT5_DEALS = """\
Time\tDeal\tSymbol\tType\tDirection\tVolume\tPrice\tOrder\tCommission\tFee\tSwap\tProfit\tBalance\tComment
2025.01.08 00:00:00\t1\t\tbalance\t\t\t\t\t0.00\t0.00\t0.00\t10 000.00\t10 000.00\t
2025.01.09 05:00:00\t2\tEURUSD\tbuy\tin\t0.1\t1.1\t2\t0.00\t0.00\t0.00\t0.00\t10 000.00\t
2025.01.10 02:00:00\t3\tEURUSD\tsell\tout\t0.1\t1.2\t3\t0.00\t0.00\t0.00\t-123.50\t9 876.50\t
"""
MT5_PYTHON = """\
ticket,order,time,time_msc,type,entry,position_id,volume,price,commission,swap,profit,fee,symbol
1,0,1736398800,1736398800000,0,0,7,0.1,1.1,0,0,0.0,0,EURUSD
2,0,1736474400,1736474400000,1,1,7,0.1,1.2,0,0,-123.5,0,EURUSD
"""
TRADINGVIEW = """\
Trade #,Type,Date and time,Signal,Price USD,Size (qty),Size (value),Net P&L USD,Net P&L %,Cumulative P&L USD
2,Exit long,2025-01-12 00:00,Open,100,1,100,7,7,-116.5
2,Entry long,2025-01-11 00:00,Long,100,1,100,7,7,-116.5
1,Exit long,2025-01-10 02:00,Stop,100,1,100,-123.5,-12,-123.5
1,Entry long,2025-01-09 05:00,Long,100,1,100,-123.5,-12,-123.5
"""
TRADINGVIEW_PNL = TRADINGVIEW.replace("Trade #", "Trade number").replace("P&L", "PnL")
TRADOVATE = """\
symbol,_priceFormat,buyFillId,sellFillId,qty,buyPrice,sellPrice,pnl,boughtTimestamp,soldTimestamp,duration
MESH5,-2,12,11,1,100,99,$(123.50),01/10/2025 02:00:00,01/09/2025 05:00:00,21h
"""
FTMO = """\
Ticket;Open;Type;Volume;Symbol;Price;SL;TP;Close;Price;Swap;Commissions;Profit;Pips;Trade duration in seconds
1;2025-01-09 05:00:00;buy;0.1;EURUSD;1.1;0;0;2025-01-10 02:00:00;1.2;0;-0.3;-123.5;10;75600
"""
FX_BLUE = """\
Type,Ticket,Symbol,Lots,Buy/sell,Open price,Close price,Open time,Close time,Profit,Swap,Commission,Net profit
Deposit,1,,,,,,2025-01-01 00:00:00,2025-01-01 00:00:00,1000,0,0,1000
Closed position,2,EURUSD,0.1,Buy,1,2,2025/01/09 05:00:00,2025/01/10 02:00:00,-120,-0.5,-3,-123.5
"""
TRADINGVIEW_OLD = """\
Trade #,Type,Signal,Date/Time,Price USDT,Contracts,Profit USDT,Profit %,Cum. Profit USDT,Cum. Profit %
1,Entry Long,Long,2025-01-09 05:00,100,1,,,,
1,Exit Long,Stop,2025-01-10 02:00,100,1,-123.5,-12,-123.5,-12
"""
FLEX = """\
"BOF","U1","trades","1","20250101","20250131"
"BOS","TRNT","Trades; trade date basis"
"ClientAccountID","CurrencyPrimary","FXRateToBase","AssetClass","Symbol","DateTime","Open/CloseIndicator",\
"FifoPnlRealized","TransactionID","LevelOfDetail"
"U1","USD","0.5","STK","AAPL","20250109;050000","O","0","11","EXECUTION"
"U1","USD","0.5","STK","AAPL","20250110;020000","C","-247","12","EXECUTION"
"U1","USD","0.5","STK","AAPL","20250110;020000","C","-247","","CLOSED_LOT"
"U1","EUR","1","STK","SAP","20250109;060000","O","0","13","EXECUTION"
"EOS","TRNT","4"
"BOS","CRTT","Cash report"
"ClientAccountID","CurrencyPrimary","FromDate","ToDate","EndingCash"
"U1","EUR","20250101","20250131","7"
"EOF"
"""
FLEX_XML = """\
<FlexQueryResponse><FlexStatements count="1"><FlexStatement accountId="U1"><Trades>
<Trade currency="USD" symbol="AAPL" dateTime="20250109;050000" fifoPnlRealized="0" tradeID="1" />
<Trade currency="USD" symbol="AAPL" dateTime="20250110;020000" fifoPnlRealized="-123.5" tradeID="2" />
<Lot currency="USD" symbol="AAPL" dateTime="20250110;020000" openDateTime="20250109;050000" fifoPnlRealized="-123.5" />
<SymbolSummary currency="USD" symbol="AAPL" dateTime="20250110" fifoPnlRealized="-123.5" />
</Trades></FlexStatement></FlexStatements></FlexQueryResponse>
"""
ACTIVITY = """\
Statement,Header,Field Name,Field Value
Statement,Data,Title,Activity Statement
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,Comm/Fee,Realized P/L,Code
Trades,Data,Order,Stocks,USD,AAPL,"2025-01-09, 05:00:00",100,150,-1,0,O
Trades,Data,Order,Stocks,USD,AAPL,"2025-01-10, 02:00:00","-1,100",149,-1,-123.5,C
Trades,Data,ClosedLot,Stocks,USD,AAPL,"2025-01-09, 05:00:00",100,150,,-123.5,ST
Trades,SubTotal,,Stocks,USD,AAPL,,0,,-2,-123.5,
"""
BINANCE_TRADES = """\
Uid,Time,Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade ID,Order ID
9,25-01-09 05:00:00,BTCUSDT,BUY,68000,0.1,6800,3.4 USDT,0,true,false,1001,5001
9,25-01-10 02:00:00,BTCUSDT,SELL,66765,0.1,6676,3.3 USDT,-123.5,false,false,1002,5002
"""
BINANCE_POSITIONS = """\
Symbol,Margin Mode,Position Side,Entry Price,Avg. Close Price,Closed Vol.,Closing PNL,Opened,Closed,Status
BTCUSDT,Cross,Long,73645.8,73698.2,0.001,-123.5,2025-01-09 05:00:00,2025-01-10 02:00:00,Closed
SOLUSDT,Cross,Long,65.31,64.49,1.00,-2.2,2025-01-10 02:05:10,2025-01-11 07:43:52,Open
"""
BINANCE_TRANSACTIONS = """\
Time,Type,Amount,Asset,Symbol,Transaction ID
2025-01-10 02:00:00,REALIZED_PNL,-123.5,USDT,BTCUSDT,1
2025-01-10 02:00:00,COMMISSION,-0.5,USDT,BTCUSDT,2
"""
BINANCE_INCOME = json.dumps(
    [{"symbol": "X", "incomeType": "REALIZED_PNL", "income": "-123.5", "time": 1736474400000, "tranId": 1}]
)
BYBIT = """\
Contracts,Closing Direction,Qty,Entry Price,Exit Price,Closed P&L,Exit Type,Trade Time(UTC+0),Order No.,Create Time
BTCUSDT,Close Long,0.5,60000,60500,-123.5,Trade,2025-01-10 02:00:00,9871b976,2025-01-10 01:00:00
"""
BYBIT_NEW = """\
Market,Order Quantity,Entry Price,Exit Price,Opening Fee,Closing Fee,Funding Fee,Trade Type,Realized P&L,Trade time
BTCUSDT,1,100,120,1,1.5,0,Trade,-123.5,02:00 2025-01-10
"""
BYBIT_INTERFACE = json.dumps(
    {
        "result": {
            "list": [
                {
                    "symbol": "X", "avgEntryPrice": "1", "avgExitPrice": "2", "closedPnl": "-123.5",
                    "createdTime": "1736398800000", "updatedTime": "1736474400000",
                }
            ]
        }
    }
)  # fmt: skip
RETURNS = "Date,Strategy\n2025-01-09,\n2025-01-10,-123.5\n"
ZIPLINE = """\
,period_open,period_close,pnl,returns,portfolio_value,positions
2025-01-10,2025-01-09 14:31:00+00:00,2025-01-10 02:00:00+00:00,5.0,-123.5,1005.0,"[{'sid': 1, 'cost': 1e999}]"
"""
